// The example of docs/clients.md as a program: get the latest ticks_v1, validate a record, wait for a watch's first
// mark.
#include <schemaregistry/client.h>

#include <cstdio>
#include <future>
#include <mutex>
#include <string>

namespace {

int fail(const schemaregistry::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

}  // namespace

int main() {
  auto registry = schemaregistry::Client::from_environment();
  if (!registry) return fail(registry.error());
  auto latest = registry->get("ticks_v1");
  if (!latest) return fail(latest.error());
  std::printf("%s %s\n", latest->id.c_str(), latest->version.c_str());
  auto errors =
      registry->validate("ticks_v1", R"([{"ts": "2026-01-05T09:30:00Z", "symbol": "A", "price": 1.5, "size": "1"}])");
  if (!errors) return fail(errors.error());
  for (const auto& wrong : *errors) {
    std::printf("record %d: %s breaks %s\n", wrong.index, wrong.pointer.c_str(), wrong.rule.c_str());
  }
  std::promise<schemaregistry::Event> first;
  std::once_flag told;
  auto watch = registry->watch({latest->revision, {"ticks_v1"}}, [&](const schemaregistry::Event& event) {
    std::call_once(told, [&] { first.set_value(event); });
  });
  std::puts(first.get_future().get().kind == schemaregistry::Event::Kind::progress ? "progress" : "a version");
}
