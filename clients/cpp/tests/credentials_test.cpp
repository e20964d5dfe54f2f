// Credentials that change under a living client: renewed, replaced by those of a new CA, and broken for a while.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "registry_process.h"

namespace schemaregistry::testing {
namespace {

namespace fs = std::filesystem;

constexpr auto kAnything = std::chrono::seconds(60);

template <class Condition>
bool eventually(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + kAnything;
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return condition();
}

/// The versions that a watch has told of one schema.
class Told {
 public:
  Watch::Handler handler() {
    return [this](const Event& event) {
      const std::lock_guard lock(mutex_);
      versions_.insert(event.schema.id + " " + event.schema.version);
    };
  }
  bool has(const std::string& version) {
    return eventually([&] {
      const std::lock_guard lock(mutex_);
      return versions_.count(version) > 0;
    });
  }

 private:
  std::mutex mutex_;
  std::set<std::string> versions_;
};

/// Give the registry a CA of its own anew, and with it all certificates, in the same files.
void replace_all_certificates(RegistryProcess& registry) {
  registry.kill();
  fs::remove_all(registry.data() + "/tls");
  registry.restart();
}

/// The reader's credentials, copied to where they can be changed.
Credentials copied(const RegistryProcess& registry, const fs::path& folder) {
  const Credentials made = Credentials::dev(registry.data());
  const Credentials own{folder / "ca.pem", folder / "cert.pem", folder / "key.pem"};
  const auto over = fs::copy_options::overwrite_existing;
  for (const auto& [from, to] : {std::pair{made.ca, own.ca}, {made.cert, own.cert}, {made.key, own.key}}) {
    fs::copy_file(from, to + ".new", over);
    fs::rename(to + ".new", to);
  }
  return own;
}

TEST(CredentialsTest, OfANewCaAreTakenUpByALivingClientAndItsWatch) {
  RegistryProcess registry;
  const Client client = *Client::open(registry.client_options());
  ASSERT_TRUE(client.get("ticks_v1"));
  Told told;
  const auto watch = client.watch({}, told.handler());
  registry.publish("rotated_v1", document("rotated_v1", "1.0.0"));
  ASSERT_TRUE(told.has("rotated_v1 1.0.0"));

  replace_all_certificates(registry);
  registry.publish("rotated_v1", document("rotated_v1", "1.0.1"));
  EXPECT_TRUE(eventually([&] { return bool(client.get("ticks_v1")); })) << client.get("ticks_v1").error().message;
  EXPECT_TRUE(told.has("rotated_v1 1.0.1"));
  EXPECT_FALSE(watch->failure());
}

TEST(CredentialsTest, LeftBehindByANewCaAreAnErrorUntilTheirFilesAreReplaced) {
  const TemporaryFolder folder;
  RegistryProcess registry;
  const Client client = *Client::open({registry.target(), copied(registry, folder.path())});
  ASSERT_TRUE(client.get("ticks_v1"));

  replace_all_certificates(registry);
  const auto refused = client.get("ticks_v1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "TLS_HANDSHAKE") << refused.error().message;

  copied(registry, folder.path());
  EXPECT_TRUE(eventually([&] { return bool(client.get("ticks_v1")); })) << client.get("ticks_v1").error().message;
}

TEST(CredentialsTest, BrokenForAWhileAreAnErrorOfTheNextConnectionAndHealByThemselves) {
  const TemporaryFolder folder;
  RegistryProcess registry;
  const Credentials files = copied(registry, folder.path());
  ClientOptions options{registry.target(), files};
  options.timeout = std::chrono::milliseconds(3000);
  const Client client = *Client::open(options);
  ASSERT_TRUE(client.get("ticks_v1"));

  fs::resize_file(files.key, fs::file_size(files.key) / 2);
  std::this_thread::sleep_for(std::chrono::seconds(3));
  EXPECT_TRUE(client.get("ticks_v1")) << "the connection that is there goes on";
  registry.restart();
  EXPECT_TRUE(eventually([&] { return !client.get("ticks_v1"); }));
  EXPECT_NE(client.get("ticks_v1").error().message, "");

  copied(registry, folder.path());
  EXPECT_TRUE(eventually([&] { return bool(client.get("ticks_v1")); })) << client.get("ticks_v1").error().message;
}

}  // namespace
}  // namespace schemaregistry::testing
