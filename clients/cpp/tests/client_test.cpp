// One call at a time: get, contract, and what goes wrong with them.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "registry_process.h"

namespace schemaregistry::testing {
namespace {

using std::chrono::milliseconds;

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

class ClientTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { registry = new RegistryProcess(); }
  static void TearDownTestSuite() {
    delete registry;
    registry = nullptr;
  }
  static Client open() { return *Client::open(registry->client_options()); }
  static RegistryProcess* registry;
};

RegistryProcess* ClientTest::registry = nullptr;

TEST_F(ClientTest, GetsTheDocumentByteForByte) {
  const auto ticks = open().get("ticks_v1");
  ASSERT_TRUE(ticks) << ticks.error().message;
  EXPECT_EQ(ticks->document, read(REPOSITORY "/schemas/ticks_v1.json"));
  EXPECT_EQ(ticks->id, "ticks_v1");
  EXPECT_GT(ticks->revision, 0);
  EXPECT_EQ(ticks->fingerprint.rfind("sha256:", 0), 0u);
}

TEST_F(ClientTest, GetsAVersionWithOrWithoutItsV) {
  const Client client = open();
  ASSERT_GT(registry->publish("versions_v1", document("versions_v1", "1.0.0")), 0);
  ASSERT_GT(registry->publish("versions_v1", document("versions_v1", "1.0.1")), 0);
  const auto plain = client.get("versions_v1", "1.0.0");
  const auto prefixed = client.get("versions_v1", "v1.0.0");
  ASSERT_TRUE(plain && prefixed);
  EXPECT_EQ(plain->version, "1.0.0");
  EXPECT_EQ(plain->document, prefixed->document);
  EXPECT_EQ(client.get("versions_v1")->version, "1.0.1");
}

TEST_F(ClientTest, NamesWhatIsNearAnUnknownId) {
  const auto missing = open().get("tick_v1");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_EQ(missing.error().reason, "NO_SUCH_SCHEMA");
  EXPECT_NE(missing.error().metadata.at("near").find("ticks_v1"), std::string::npos);
}

TEST_F(ClientTest, RefusesAnIdThatIsNone) {
  for (const std::string& id :
       {std::string("../etc/passwd"), std::string("a\0b", 3), std::string("\xff\xfe"), std::string()}) {
    const auto refused = open().get(id);
    ASSERT_FALSE(refused) << id;
    EXPECT_NE(refused.error().message, "") << id;
  }
}

TEST_F(ClientTest, RefusesMissingCredentials) {
  const auto client = Client::open({registry->target(), Credentials::dev("/nowhere")});
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().reason, "CREDENTIALS_UNREADABLE");
  EXPECT_NE(client.error().message.find("/nowhere/tls/ca.pem"), std::string::npos);
}

TEST_F(ClientTest, RefusesCredentialsThatAreNotPem) {
  ClientOptions options = registry->client_options();
  options.credentials.key = REPOSITORY "/schemas/ticks_v1.json";
  const auto client = Client::open(options);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().reason, "CREDENTIALS_UNSOUND");
}

TEST_F(ClientTest, SaysThatAKeyDoesNotFitItsCertificate) {
  ClientOptions options = registry->client_options();
  options.credentials.key = Credentials::dev(registry->data(), "ci-bot").key;
  const auto client = Client::open(options);
  const auto answer = client ? client->get("ticks_v1") : Result<Schema>(client.error());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, "CREDENTIALS_UNSOUND") << answer.error().message;
}

TEST_F(ClientTest, DoesNotTrustAnotherCa) {
  const RegistryProcess other;
  ClientOptions options = registry->client_options();
  options.credentials.ca = other.client_options().credentials.ca;
  const auto answer = Client::open(options)->get("ticks_v1");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::unavailable);
  EXPECT_EQ(answer.error().reason, "TLS_HANDSHAKE") << answer.error().message;
}

TEST_F(ClientTest, IsNotTrustedByAnotherRegistry) {
  const RegistryProcess other;
  ClientOptions options = registry->client_options();
  options.credentials.cert = other.client_options().credentials.cert;
  options.credentials.key = other.client_options().credentials.key;
  const auto answer = Client::open(options)->get("ticks_v1");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::unavailable) << answer.error().message;
}

TEST_F(ClientTest, SaysThatNothingListens) {
  ClientOptions options = registry->client_options();
  options.target = "localhost:1";
  const auto answer = Client::open(options)->get("ticks_v1");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::unavailable);
  EXPECT_EQ(answer.error().reason, "CONNECTION_REFUSED") << answer.error().message;
  EXPECT_NE(answer.error().message.find("localhost:1"), std::string::npos);
}

TEST_F(ClientTest, KeepsItsDeadline) {
  ClientOptions options = registry->client_options();
  options.timeout = milliseconds(300);
  const auto answer = Client::open(options)->get("ticks_v1", "latest", 1'000'000'000);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::deadline_exceeded) << answer.error().message;
}

TEST(VanishingRegistry, EndsACallUnderWayWithAnError) {
  RegistryProcess registry;
  const Client client = *Client::open(registry.client_options());
  ASSERT_TRUE(client.get("ticks_v1"));
  std::thread killer([&] {
    std::this_thread::sleep_for(milliseconds(300));
    registry.kill();
  });
  // Waits in the server for a revision that never comes, until the server is gone.
  const auto answer = client.get("ticks_v1", "latest", 1'000'000'000);
  killer.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::unavailable) << answer.error().message;
}

TEST(VanishingRegistry, ThatHangsRunsIntoTheDeadline) {
  RegistryProcess registry;
  ClientOptions options = registry.client_options();
  options.timeout = milliseconds(3000);
  const Client client = *Client::open(options);
  ASSERT_TRUE(client.get("ticks_v1"));
  registry.send(SIGSTOP);
  const auto answer = client.get("ticks_v1");
  registry.send(SIGCONT);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::deadline_exceeded) << answer.error().message;
  EXPECT_TRUE(client.get("ticks_v1"));
}

TEST(VanishingRegistry, IsFoundAgainByTheSameClient) {
  RegistryProcess registry;
  const Client client = *Client::open(registry.client_options());
  ASSERT_TRUE(client.get("ticks_v1"));
  registry.restart();
  const auto answer = client.get("ticks_v1");
  EXPECT_TRUE(answer) << answer.error().message;
}

}  // namespace
}  // namespace schemaregistry::testing
