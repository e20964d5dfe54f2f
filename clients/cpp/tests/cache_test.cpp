// The cache: filled at once, kept up to date, refusing what is too old.
#include "schemaregistry/cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "latest_table.h"
#include "registry_process.h"

namespace schemaregistry::testing {
namespace {

using std::chrono::milliseconds;

template <class Condition>
bool eventually(Condition condition) {
  for (int tries = 0; tries < 3000; ++tries) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(20));
  }
  return false;
}

TEST(CacheTest, IsFilledWhenItIsThere) {
  const RegistryProcess registry;
  const Client client = *Client::open(registry.client_options());
  const auto cache = client.follow();
  ASSERT_TRUE(cache) << cache.error().message;
  const auto ticks = cache->get("ticks_v1");
  ASSERT_TRUE(ticks);
  EXPECT_EQ((*ticks)->document, client.get("ticks_v1")->document);
  EXPECT_EQ(cache->get("nothing_v1").error().reason, "NO_SUCH_SCHEMA");
}

TEST(CacheTest, FollowsAPublishAndKeepsOldPointersGood) {
  const RegistryProcess registry;
  registry.publish("follow_v1", document("follow_v1", "1.0.0"));
  const auto cache = Client::open(registry.client_options())->follow({"follow_v1"});
  ASSERT_TRUE(cache);
  const Schema* first = *cache->get("follow_v1");
  registry.publish("follow_v1", document("follow_v1", "1.0.1"));
  ASSERT_TRUE(eventually([&] { return (*cache->get("follow_v1"))->version == "1.0.1"; }));
  EXPECT_EQ(first->version, "1.0.0");
  EXPECT_EQ(first->document, document("follow_v1", "1.0.0"));
  EXPECT_EQ(cache->get("ticks_v1").error().code, Code::not_found);
}

TEST(CacheTest, KeepsTheLatestBesideAPreReleaseAndAFixToAnOldLine) {
  const RegistryProcess registry;
  for (const char* version : {"1.0.0", "2.0.0", "1.0.1", "3.0.0-rc.1"}) {
    ASSERT_GT(registry.publish("line_v1", document("line_v1", version)), 0);
  }
  const Client client = *Client::open(registry.client_options());
  const auto cache = client.follow({"line_v1"});
  ASSERT_TRUE(cache);
  EXPECT_EQ((*cache->get("line_v1"))->version, "2.0.0");
  registry.publish("line_v1", document("line_v1", "1.0.2"));
  registry.publish("line_v1", document("line_v1", "2.0.1"));
  ASSERT_TRUE(eventually([&] { return (*cache->get("line_v1"))->version == "2.0.1"; }));
  EXPECT_EQ(client.get("line_v1", "^1.0")->version, "1.0.2");
  EXPECT_EQ(client.get("line_v1", "3")->version, "3.0.0-rc.1");
  EXPECT_EQ(client.get("line_v1")->version, "2.0.1");
}

TEST(CacheTest, IsAnErrorOnceItIsTooOldAndComesBack) {
  RegistryProcess registry({"--progress-seconds", "0.1"});
  CacheOptions options;
  options.max_staleness = milliseconds(3000);
  const auto cache = Client::open(registry.client_options())->follow({}, options);
  ASSERT_TRUE(cache);
  ASSERT_TRUE(cache->get("ticks_v1"));
  registry.kill();
  ASSERT_TRUE(cache->get("ticks_v1"));
  ASSERT_TRUE(eventually([&] { return !cache->get("ticks_v1"); }));
  EXPECT_EQ(cache->get("ticks_v1").error().reason, "STALE");
  registry.restart();
  EXPECT_TRUE(eventually([&] { return bool(cache->get("ticks_v1")); }));
}

TEST(CacheTest, SaysWhyItCouldNotBeFilled) {
  RegistryProcess registry;
  const Client client = *Client::open(registry.client_options());
  registry.kill();
  const auto cache = client.follow();
  ASSERT_FALSE(cache);
  EXPECT_EQ(cache.error().code, Code::unavailable) << cache.error().message;
}

TEST(CacheTest, GivesUpOnARegistryThatHangs) {
  const RegistryProcess registry;
  const Client client = *Client::open(registry.client_options());
  registry.send(SIGSTOP);
  CacheOptions options;
  options.timeout = milliseconds(300);
  const auto cache = client.follow({}, options);
  registry.send(SIGCONT);
  ASSERT_FALSE(cache);
  EXPECT_EQ(cache.error().code, Code::deadline_exceeded);
}

TEST(CacheTest, OutlivesItsClient) {
  const RegistryProcess registry;
  auto client = std::make_unique<Client>(*Client::open(registry.client_options()));
  const auto cache = client->follow();
  client.reset();
  EXPECT_TRUE(cache->get("ticks_v1"));
}

TEST(LatestTableTest, NeverShowsAReaderAnythingTornOrOlder) {
  LatestTable table;
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int revision = 1; revision <= 20000; ++revision) {
      table.put({"schema_" + std::to_string(revision % 50), "1.0.0", revision, "", std::to_string(revision)});
    }
    done = true;
  });
  std::int64_t last = 0;
  while (!done) {
    const Schema* seen = table.find("schema_7");
    if (seen == nullptr) continue;
    EXPECT_EQ(seen->document, std::to_string(seen->revision));
    EXPECT_GE(seen->revision, last);
    last = seen->revision;
  }
  writer.join();
  EXPECT_EQ(table.find("schema_7")->revision, 19957);
  EXPECT_EQ(table.find("schema_99"), nullptr);
}

}  // namespace
}  // namespace schemaregistry::testing
