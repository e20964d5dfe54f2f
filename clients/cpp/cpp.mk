# The C++ client: built to build/cpp by CMake, from Debian's packages and the Arrow of the installed pyarrow.
CPP := clients/cpp
CPP_PACKAGES := build-essential cmake ninja-build pkg-config libgrpc++-dev protobuf-compiler protobuf-compiler-grpc \
	libprotobuf-dev libre2-dev liblzma-dev libzip-dev libgtest-dev libbenchmark-dev
CPP_FUZZ_PACKAGES := clang-16 libclang-rt-16-dev
CPP_JOBS ?= 2
CPP_BUILD = cd $(CPP) && cmake --preset $(1) && cmake --build --preset $(1) -j$(CPP_JOBS)

# The packages that a Debian lacks; what another system lacks, CMake says.
CPP_MISSING = if command -v dpkg-query >/dev/null; then for package in $(1); do \
	dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || printf '%s ' $$package; done; fi

# Installs what is missing: as root by itself, else it says what to run.
define CPP_NEEDS
@missing=$$($(call CPP_MISSING,$(1))); \
if [ -n "$$missing" ]; then \
	[ "$$(id -u)" = 0 ] || { echo "Run: sudo apt-get install $$missing"; exit 2; }; \
	echo "Installing $$missing"; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -o Acquire::Retries=3 -qq -y --no-install-recommends $$missing >/dev/null; \
fi
endef

.PHONY: cpp cpp-needs cpp-ctest cpp-ctest-if-present cpp-test cpp-asan cpp-tsan cpp-bench cpp-fuzz cpp-format

cpp-needs: ## Install what the C++ client needs (Debian)
	$(call CPP_NEEDS,$(CPP_PACKAGES))

cpp: $(READY) cpp-needs ## Build the C++ client, schema-load and the examples into build/cpp
	$(call CPP_BUILD,default)

cpp-ctest: cpp
	cd $(CPP) && ctest --preset default

# As a part of `make test`: CI gets what is missing, or fails; other machines are told what isn't tested, and why.
cpp-ctest-if-present:
	@missing=$$($(call CPP_MISSING,$(CPP_PACKAGES))); \
	command -v dpkg-query >/dev/null || missing="Debian's packages (elsewhere: make cpp-test)"; \
	if [ -n "$$missing" ] && [ -z "$$CI" ]; then \
		echo "SKIPPED: C++ is neither built nor tested. Missing: $${missing% }. To install: make cpp-needs"; \
	else \
		$(MAKE) --no-print-directory cpp-ctest; \
	fi

cpp-test: cpp-ctest ## Test the C++ client against a real registry, and schema-load against Python's reports
	$(BIN)/pytest -q tests/integration/cpp

cpp-asan: $(READY) cpp-needs ## The same tests under AddressSanitizer and UndefinedBehaviorSanitizer
	$(call CPP_BUILD,asan)
	cd $(CPP) && ctest --preset asan
	SCHEMAREGISTRY_CPP_BUILD=build/cpp-asan LSAN_OPTIONS=suppressions=$(CURDIR)/$(CPP)/tests/lsan.supp $(BIN)/pytest -q tests/integration/cpp

cpp-tsan: $(READY) cpp-needs ## The library's tests under ThreadSanitizer
	$(call CPP_BUILD,tsan)
	cd $(CPP) && ctest --preset tsan

cpp-bench: cpp ## What a cached get costs, and a check against Arrow's own decode
	build/cpp/bench/cache_bench
	$(BIN)/schemaregistry contract schemas/ticks_v1.json -o build/cpp/ticks_v1.pb
	test -f build/cpp/ticks.parquet || $(BIN)/schemaregistry sample schemas/ticks_v1.json --rows 5000000 -o build/cpp/ticks.parquet
	build/cpp/bench/gate_bench build/cpp/ticks_v1.pb build/cpp/ticks.parquet

CPP_FUZZ_SECONDS ?= 60
cpp-fuzz: $(READY) cpp-needs ## Feed the gate hostile contracts for a minute
	$(call CPP_NEEDS,$(CPP_FUZZ_PACKAGES))
	$(call CPP_BUILD,fuzz)
	@mkdir -p build/cpp-fuzz/seeds build/cpp-fuzz/found
	@for document in schemas/*.json; do \
		$(BIN)/schemaregistry contract $$document -o build/cpp-fuzz/seeds/$$(basename $$document).pb; done
	cd build/cpp-fuzz && fuzz/fuzz_contract -max_total_time=$(CPP_FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
		found seeds 2>fuzz.log || { tail -50 fuzz.log; exit 1; }
	@tail -1 build/cpp-fuzz/fuzz.log

cpp-format: ## Let clang-format rewrite
	clang-format-16 -i --style=file:$(CPP)/.clang-format $$(find $(CPP) examples/backtest -name '*.h' -o -name '*.cpp' | grep -v ticks_v1.h)
