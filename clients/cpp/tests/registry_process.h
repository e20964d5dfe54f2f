/// Run a real registry in a process of its own, over mutual TLS on loopback.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "schemaregistry/client.h"

namespace schemaregistry::testing {

/// A temporary directory, removed with its test.
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

/// `schemaregistry serve --dev` with one data directory; at the end it is killed and its data removed.
class RegistryProcess {
 public:
  /// Start it on a free port with `schemas/` published; ends the program where the server doesn't start.
  explicit RegistryProcess(std::vector<std::string> options = {});
  ~RegistryProcess();
  RegistryProcess(const RegistryProcess&) = delete;
  RegistryProcess& operator=(const RegistryProcess&) = delete;

  const std::string& target() const { return target_; }
  std::string data() const { return (folder_.path() / "data").string(); }
  ClientOptions client_options(const std::string& identity = "reader") const;

  /// Send the process a signal.
  void send(int signal) const;
  /// Kill the process (SIGKILL).
  void kill();
  /// Start it again with the same data and port.
  void restart();

  /// Register a document as the publisher; returns the revision, or -1 where it was refused.
  std::int64_t publish(const std::string& id, const std::string& document) const;

 private:
  void start(const std::string& grpc);

  const std::vector<std::string> options_;
  TemporaryFolder folder_;
  std::string target_;
  pid_t pid_ = -1;
};

/// A small document of `id` and `version`, with `properties` optional number properties `a`, `b`, ….
std::string document(const std::string& id, const std::string& version, int properties = 1);

}  // namespace schemaregistry::testing
