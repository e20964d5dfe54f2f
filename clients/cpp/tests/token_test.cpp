// Tokens that a client shows beside its certificate. The registry's readers are listed, and the reader's certificate is
// not among them: only with a token does it read.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <future>

#include "registry_process.h"

namespace schemaregistry::testing {
namespace {

class TokenTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = new TemporaryFolder();
    const std::string made = folder->path().string();
    const std::string command =
        "cd '" REPOSITORY "' && '" SCHEMAREGISTRY_PYTHON "' -m tests.support.token_files " + made;
    ASSERT_EQ(std::system(command.c_str()), 0);
    registry = new RegistryProcess(
        {"--token-key", made + "/exchanger.pub", "--token-issuer", "exchanger.test", "--readers", "listed"});
  }
  static void TearDownTestSuite() {
    delete registry;
    delete folder;
  }
  static std::string file(const std::string& name) { return (folder->path() / name).string(); }
  static std::string write(const std::string& name, const std::string& text) {
    std::ofstream(file(name)) << text;
    return file(name);
  }
  static Client from_file(const std::string& path) {
    ClientOptions options = registry->client_options();
    options.credentials.token_file = path;
    return *Client::open(options);
  }
  static Client from_function(TokenProvider token) {
    ClientOptions options = registry->client_options();
    options.credentials.token = std::move(token);
    return *Client::open(options);
  }
  static std::string good() {
    std::string text;
    std::ifstream(file("ticks")) >> text;
    return text;
  }

  static TemporaryFolder* folder;
  static RegistryProcess* registry;
};

TemporaryFolder* TokenTest::folder = nullptr;
RegistryProcess* TokenTest::registry = nullptr;

TEST_F(TokenTest, WithoutOneTheCertificateAloneCounts) {
  const auto refused = Client::open(registry->client_options())->get("ticks_v1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "NOT_A_READER");
}

TEST_F(TokenTest, InAFileGivesItsRights) {
  const Client client = from_file(file("ticks"));
  const auto ticks = client.get("ticks_v1");
  EXPECT_TRUE(ticks) << ticks.error().message;
  EXPECT_TRUE(client.contract("ticks_v1"));
  EXPECT_TRUE(client.validate("ticks_v1", "[]"));
  const auto cache = client.follow({"ticks_v1"});
  ASSERT_TRUE(cache) << cache.error().message;
  EXPECT_TRUE(cache->get("ticks_v1"));
}

TEST_F(TokenTest, ThatIsNewIsShownByTheNextCall) {
  const std::string own = write("renewed", "no.signed.token");
  const Client client = from_file(own);
  const auto refused = client.get("ticks_v1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unauthenticated) << refused.error().message;
  EXPECT_EQ(refused.error().message.find("no.signed.token"), std::string::npos);
  write("renewed", good() + "\n");
  EXPECT_TRUE(client.get("ticks_v1"));
}

TEST_F(TokenTest, OfAFunctionIsAskedForByEachCallAndEachConnectionOfAWatch) {
  std::atomic<int> asked{0};
  const Client client = from_function([&]() -> Result<std::string> {
    ++asked;
    return good();
  });
  EXPECT_TRUE(client.get("ticks_v1"));
  EXPECT_TRUE(client.get("ticks_v1"));
  std::promise<void> heard;
  std::atomic<bool> told{false};
  const auto watch = client.watch({}, [&](const Event&) {
    if (!told.exchange(true)) heard.set_value();
  });
  ASSERT_EQ(heard.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_EQ(asked, 3);
}

TEST_F(TokenTest, ThatIsRefusedEndsAWatch) {
  std::promise<Error> ended;
  const auto watch = from_function([]() -> Result<std::string> { return std::string("no.signed.token"); })
                         .watch(
                             {}, [](const Event&) {}, [&](const Error& error) { ended.set_value(error); });
  auto error = ended.get_future();
  ASSERT_EQ(error.wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_EQ(error.get().code, Code::unauthenticated);
}

TEST_F(TokenTest, IsMissingInAFileThatIsNamed) {
  for (const auto& path :
       {file("none"), write("empty", " \n"), write("words", "SECRET words"), folder->path().string()}) {
    const auto refused = from_file(path).get("ticks_v1");
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().code, Code::unauthenticated);
    EXPECT_EQ(refused.error().reason, "TOKEN_FILE");
    EXPECT_NE(refused.error().message.find(path), std::string::npos) << refused.error().message;
    EXPECT_EQ(refused.error().message.find("SECRET"), std::string::npos) << refused.error().message;
  }
}

TEST_F(TokenTest, IsMissingWhereTheFunctionFailsOrReturnsNone) {
  const auto none = from_function([]() -> Result<std::string> { return std::string("SECRET\r\nx-role: root"); });
  const auto refused = none.get("ticks_v1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "TOKEN_PROVIDER");
  EXPECT_EQ(refused.error().message.find("SECRET"), std::string::npos);
  const auto away = from_function([]() -> Result<std::string> {
    return Error{Code::permission_denied, "NOT_ALLOWED", "the exchanger gives no token", "", {}};
  });
  EXPECT_EQ(away.get("ticks_v1").error().reason, "NOT_ALLOWED");
}

TEST_F(TokenTest, ComesFromAFileOrAFunction) {
  ClientOptions options = registry->client_options();
  options.credentials.token_file = file("ticks");
  options.credentials.token = []() -> Result<std::string> { return good(); };
  EXPECT_EQ(Client::open(options).error().reason, "TOKEN_TWICE");
}

TEST_F(TokenTest, IsNamedByTheEnvironment) {
  setenv("SCHEMAREGISTRY_TOKEN_FILE", "a/token", 1);
  EXPECT_EQ(Credentials::from_environment()->token_file, "a/token");
  unsetenv("SCHEMAREGISTRY_TOKEN_FILE");
  EXPECT_EQ(Credentials::from_environment()->token_file, "");
}

}  // namespace
}  // namespace schemaregistry::testing
