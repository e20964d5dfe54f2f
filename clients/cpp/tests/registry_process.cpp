#include "registry_process.h"

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <spawn.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>
#include <thread>

#include "schemaregistry/v1/registry.grpc.pb.h"

extern char** environ;

namespace schemaregistry::testing {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

pid_t spawn(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed) give_up("can't start " + command[0] + ": run `make setup` first");
  return pid;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "schemaregistry-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) give_up("can't make a temporary directory");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

RegistryProcess::RegistryProcess(std::vector<std::string> options) : options_(std::move(options)) {
  start("localhost:0");
}

RegistryProcess::~RegistryProcess() { kill(); }

ClientOptions RegistryProcess::client_options(const std::string& identity) const {
  return {target_, Credentials::dev(data(), identity)};
}

void RegistryProcess::send(int signal) const { ::kill(pid_, signal); }

void RegistryProcess::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RegistryProcess::restart() {
  kill();
  start(target_);
}

void RegistryProcess::start(const std::string& grpc) {
  const std::string log = (folder_.path() / "log").string();
  std::vector<std::string> command = {SCHEMAREGISTRY_PYTHON,
                                      "-u",
                                      "-m",
                                      "schemaregistry",
                                      "serve",
                                      "--dev",
                                      "--data",
                                      data(),
                                      "--grpc",
                                      grpc,
                                      "--rest",
                                      "127.0.0.1:0",
                                      "--publish",
                                      REPOSITORY "/schemas"};
  command.insert(command.end(), options_.begin(), options_.end());
  pid_ = spawn(command, log);
  const std::regex listening(R"(gRPC (\S+))");
  for (int tries = 0; tries < 3000; ++tries) {
    std::smatch found;
    const std::string told = read(log);
    if (std::regex_search(told, found, listening)) {
      target_ = found[1];
      return;
    }
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) give_up("the server ended at once:\n" + told);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  give_up("the server did not start in time:\n" + read(log));
}

std::int64_t RegistryProcess::publish(const std::string& id, const std::string& document) const {
  const Credentials bot = Credentials::dev(data(), "ci-bot");
  const auto channel =
      grpc::CreateChannel(target_, grpc::SslCredentials({read(bot.ca), read(bot.key), read(bot.cert)}));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  v1::RegisterSchemaRequest request;
  request.set_id(id);
  request.mutable_document()->set_content_type("application/json");
  request.mutable_document()->set_data(document);
  v1::RegisterSchemaResponse response;
  const auto status = v1::SchemaRegistry::NewStub(channel)->RegisterSchema(&context, request, &response);
  if (!status.ok()) std::fprintf(stderr, "publish: %s\n", status.error_message().c_str());
  return status.ok() ? response.revision() : -1;
}

std::string document(const std::string& id, const std::string& version, int properties) {
  std::string fields;
  for (char name = 'a'; name < 'a' + properties; ++name) {
    fields += std::string(fields.empty() ? "" : ",") + '"' + name + R"(":{"type":"number"})";
  }
  return R"({"$id":")" + id +
         R"(","$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{)" + fields +
         R"(},"version":")" + version + "\"}";
}

}  // namespace schemaregistry::testing
