// A peer that vanishes without a word: its connection stays up, and nothing arrives any more. Times are settings here,
// far shorter than those that a client has by itself.
#include "silence.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "proxy.h"
#include "registry_process.h"
#include "silent_line.h"

namespace schemaregistry::testing {
namespace {

using std::chrono::milliseconds;

constexpr Keepalive kFast{milliseconds(300), milliseconds(200)};
// As good as none: then it's the watch itself that has to notice.
constexpr Keepalive kSlow{std::chrono::hours(1), std::chrono::hours(1)};

template <class Condition>
bool eventually(Condition condition) {
  for (int tries = 0; tries < 1000; ++tries) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(20));
  }
  return false;
}

ClientOptions by(const SilentLine& line, const RegistryProcess& registry, Keepalive keepalive) {
  ClientOptions options = registry.client_options();
  options.target = line.target();
  options.keepalive = keepalive;
  options.timeout = std::chrono::seconds(20);
  return options;
}

TEST(SilenceTest, AnIdleConnectionIsNoticedBeforeTheNextCall) {
  const RegistryProcess registry;
  SilentLine line(registry.target());
  const Client client = *Client::open(by(line, registry, kFast));
  ASSERT_TRUE(client.get("ticks_v1"));
  line.swallow();
  std::this_thread::sleep_for(milliseconds(2000));
  EXPECT_TRUE(client.get("ticks_v1"));
  EXPECT_EQ(line.connections(), 2);
}

TEST(SilenceTest, AWatchGoesOnByANewConnection) {
  const RegistryProcess registry({"--progress-seconds", "0.2"});
  for (const Keepalive keepalive : {kFast, kSlow}) {
    SilentLine line(registry.target());
    const Client client = *Client::open(by(line, registry, keepalive));
    std::atomic<std::int64_t> told{0};
    std::atomic<bool> caught_up{false};
    const auto watch = client.watch({}, [&](const Event& event) {
      if (event.kind == Event::Kind::progress) caught_up = true;
      told = event.revision;
    });
    ASSERT_TRUE(eventually([&] { return caught_up.load(); }));
    line.swallow();
    const std::string id = keepalive.idle == kFast.idle ? "pinged_v1" : "silent_v1";
    const auto revision = registry.publish(id, document(id, "1.0.0"));
    EXPECT_TRUE(eventually([&] { return told >= revision; }));
    EXPECT_FALSE(watch->failure());
  }
}

TEST(SilenceTest, AFollowedSchemaIsNeverStaleWhileTheRegistryIsThere) {
  const RegistryProcess registry({"--progress-seconds", "0.2"});
  SilentLine line(registry.target());
  CacheOptions options;
  options.max_staleness = std::chrono::seconds(20);
  options.timeout = std::chrono::seconds(20);
  const auto cache = Client::open(by(line, registry, kSlow))->follow({}, options);
  ASSERT_TRUE(cache) << cache.error().message;
  line.swallow();
  registry.publish("later_v1", document("later_v1", "1.0.0"));
  EXPECT_TRUE(eventually([&] {
    EXPECT_TRUE(cache->get("ticks_v1"));
    return bool(cache->get("later_v1"));
  }));
}

TEST(SilenceTest, ACacheThatWouldBeStaleBetweenTwoMarksIsRefused) {
  const RegistryProcess registry;
  CacheOptions options;
  options.max_staleness = milliseconds(5000);
  const auto cache = Client::open(registry.client_options())->follow({}, options);
  ASSERT_FALSE(cache);
  EXPECT_EQ(cache.error().reason, "STALENESS_TOO_SHORT") << cache.error().message;
}

TEST(SilenceTest, ThreeIntervalsPassAndACacheWaitsNoLongerThanItMay) {
  const auto allowed = [](std::optional<milliseconds> staleness, const char* said) {
    Silence silence(staleness);
    EXPECT_FALSE(silence.read({{"x-schema-progress-seconds", said}}));
    return silence.allowed();
  };
  EXPECT_EQ(allowed({}, "0.5"), milliseconds(1500));
  for (const char* nonsense : {"", "soon", "nan", "-1", "inf", "0"}) {
    EXPECT_EQ(allowed({}, nonsense), milliseconds(30000));
  }
  EXPECT_EQ(allowed(milliseconds(60000), "10"), milliseconds(30000));
  EXPECT_EQ(allowed(milliseconds(40000), "10"), milliseconds(24000));
  EXPECT_EQ(allowed(milliseconds(20000), "10"), milliseconds(12000));
}

/// Sets a variable of the environment for one test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
  ~Variable() { unsetenv(name_); }

 private:
  const char* name_;
};

TEST(ProxyTest, IsNeverUsedForARegistryOnThisMachine) {
  const RegistryProcess registry;
  const Variable proxy("https_proxy", "http://127.0.0.1:1");
  EXPECT_TRUE(Client::open(registry.client_options())->get("ticks_v1"));
}

TEST(ProxyTest, IsNamedWhereARegistryIsNotReached) {
  const RegistryProcess registry;
  const Variable proxy("https_proxy", "http://user:secret@127.0.0.1:1");
  ClientOptions options = registry.client_options();
  options.target = "registry.invalid:50051";
  const Error error = Client::open(options)->get("ticks_v1").error();
  EXPECT_NE(error.message.find("the proxy 127.0.0.1:1 (the environment's https_proxy)"), std::string::npos)
      << error.message;
  EXPECT_EQ(error.message.find("secret"), std::string::npos);
}

TEST(ProxyTest, KnowsThisMachineByItsNames) {
  for (const char* here : {"localhost:1", "LOCALHOST.:1", "a.localhost:1", "127.9.9.9:1", "[::1]:1",
                           "dns:///localhost:1", "ipv4:127.0.0.1:1", "unix:/run/registry"}) {
    EXPECT_TRUE(is_local(here)) << here;
  }
  for (const char* there :
       {"registry:1", "10.0.0.1:1", "localhost.example.com:1", "127.example.com:1", "[fe80::1]:1"}) {
    EXPECT_FALSE(is_local(there)) << there;
  }
}

TEST(ProxyTest, IsChosenAsGrpcChoosesIt) {
  EXPECT_FALSE(proxy_for("registry.example.com:1"));
  const Variable second("http_proxy", "http://a:1/");
  EXPECT_EQ(proxy_for("registry.example.com:1")->place, "a:1");
  const Variable first("https_proxy", "http://b:2");
  EXPECT_EQ(proxy_for("registry.example.com:1")->variable, "https_proxy");
  const Variable exceptions("no_proxy", "other, .example.com");
  EXPECT_FALSE(proxy_for("registry.example.com:1"));
  EXPECT_TRUE(proxy_for("registry.example.org:1"));
}

}  // namespace
}  // namespace schemaregistry::testing
