# The C++ client: built to build/cpp by CMake, from Debian's packages and the Arrow of the installed pyarrow.
CPP := clients/cpp
CPP_PACKAGES := build-essential cmake ninja-build pkg-config libgrpc++-dev protobuf-compiler protobuf-compiler-grpc \
	libprotobuf-dev libgtest-dev libbenchmark-dev
CPP_FUZZ_PACKAGES := clang-16 libclang-rt-16-dev
CPP_JOBS ?= 2
CPP_BUILD = cd $(CPP) && cmake --preset $(1) && cmake --build --preset $(1) -j$(CPP_JOBS)

# Installs what is missing: as root by itself, else it says what to run.
define CPP_NEEDS
@missing=$$(for package in $(1); do dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || printf '%s ' $$package; done); \
if [ -n "$$missing" ]; then \
	command -v apt-get >/dev/null || { echo "The C++ client needs: $$missing"; exit 2; }; \
	[ "$$(id -u)" = 0 ] || { echo "Run: sudo apt-get install $$missing"; exit 2; }; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing >/dev/null; \
fi
endef

.PHONY: cpp cpp-needs cpp-test cpp-asan cpp-tsan cpp-bench cpp-fuzz

cpp-needs:
	$(call CPP_NEEDS,$(CPP_PACKAGES))

cpp: $(READY) cpp-needs ## Build the C++ client, schema-load and the examples into build/cpp
	$(call CPP_BUILD,default)

cpp-test: cpp ## Test the C++ client against a real registry
	cd $(CPP) && ctest --preset default

cpp-asan: $(READY) cpp-needs ## The same tests under AddressSanitizer and UndefinedBehaviorSanitizer
	$(call CPP_BUILD,asan)
	cd $(CPP) && ctest --preset asan

cpp-tsan: $(READY) cpp-needs ## The same tests under ThreadSanitizer
	$(call CPP_BUILD,tsan)
	cd $(CPP) && ctest --preset tsan

cpp-bench: cpp ## The C++ benchmarks
	build/cpp/bench/cache_bench
