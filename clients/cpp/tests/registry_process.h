/// A real registry in a process of its own, on this machine, over mutual TLS.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "schemaregistry/client.h"

namespace schemaregistry::testing {

/// A directory of one test, gone with it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// `schemaregistry serve --dev` over one data directory; killed and its data removed at the end.
class RegistryProcess {
 public:
  /// Start on a free port with `schemas/` published; fails the program where the server doesn't start.
  explicit RegistryProcess(std::vector<std::string> options = {});
  ~RegistryProcess();
  RegistryProcess(const RegistryProcess&) = delete;
  RegistryProcess& operator=(const RegistryProcess&) = delete;

  const std::string& target() const { return target_; }
  std::string data() const { return (folder_.path() / "data").string(); }
  ClientOptions client_options(const std::string& identity = "reader") const;

  /// Send a signal and go on.
  void send(int signal) const;
  /// End it without a farewell.
  void kill();
  /// Start again over the same data, on the same port.
  void restart();

  /// Register a document as the publisher; the revision, or -1 where it was refused.
  std::int64_t publish(const std::string& id, const std::string& document) const;

 private:
  void start(const std::string& grpc);

  const std::vector<std::string> options_;
  TemporaryFolder folder_;
  std::string target_;
  pid_t pid_ = -1;
};

/// A small document: `id` at `version`, with optional number properties `a`, `b`, … as many as `properties`.
std::string document(const std::string& id, const std::string& version, int properties = 1);

}  // namespace schemaregistry::testing
