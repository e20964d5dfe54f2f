# Manifests for Kubernetes.
.PHONY: k8s-check kube-score gateway-descriptor

k8s-check: $(READY) kube-score ## Check the manifests without a cluster: schemas, scanners, and whether all that they name is there
	$(BIN)/pytest -q -n 0 tests/integration/k8s

kube-score: ## Build kube-score into build/bin
	@$(PYTHON) -m scripts.build_tools third_party/kube-score build/bin

gateway-descriptor: $(READY) ## Write the descriptors of the proto that the gateway's Envoy reads (after `make proto`)
	$(BIN)/python -m scripts.descriptor_set k8s/components/gateway/registry.binpb
