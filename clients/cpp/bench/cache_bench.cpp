// Measure a cached `get` against a real registry. The bound is 20 ns.
#include <benchmark/benchmark.h>

#include <memory>

#include "registry_process.h"

namespace {

const schemaregistry::Cache& cache() {
  static const schemaregistry::testing::RegistryProcess registry;
  static const auto followed = schemaregistry::Client::open(registry.client_options())->follow();
  return *followed;
}

void CachedGet(benchmark::State& state) {
  const auto& followed = cache();
  for (auto _ : state) {
    auto ticks = followed.get("ticks_v1");
    if (!ticks) state.SkipWithError(ticks.error().message.c_str());
    benchmark::DoNotOptimize(*ticks);
  }
}
BENCHMARK(CachedGet);
BENCHMARK(CachedGet)->Threads(2);

}  // namespace

BENCHMARK_MAIN();
