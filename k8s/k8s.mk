# Manifests for Kubernetes.
.PHONY: k8s-check

k8s-check: $(READY) ## Check the manifests without a cluster: schemas, and whether all that they name is there (in `make test`, too)
	$(BIN)/pytest -q -n 0 tests/integration/k8s
