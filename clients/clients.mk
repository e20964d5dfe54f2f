# The clients in other languages, their tests against a real server, and the gateways.
.PHONY: go-stubs go-test

go-stubs: $(READY) ## Generate the Go module's stubs
	@$(PYTHON) -m scripts.build_tools third_party/protoc-gen build/bin
	@STUBS=go $(BIN)/buf generate

go-test: $(READY) ## Test the Go client against a real server
	$(BIN)/pytest -q tests/clients/test_go.py
