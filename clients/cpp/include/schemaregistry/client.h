/// `Client`: calls to a registry over mutual TLS, and the making of a `Cache` or a `Watch`.
///
/// It needs C++17, and no headers of gRPC, protobuf or Arrow. `gate.h` checks data against a contract.
///
///     #include <schemaregistry/client.h>
///
///     auto client = schemaregistry::Client::open({"localhost:50051", schemaregistry::Credentials::dev()});
///     if (!client) return fail(client.error());
///     auto ticks = client->get("ticks_v1");             // one call
///     auto cache = client->follow({"ticks_v1"});        // a watch in the background
///     auto latest = cache->get("ticks_v1");             // an atomic load; `(*latest)->document` is the JSON text
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "schemaregistry/cache.h"
#include "schemaregistry/credentials.h"
#include "schemaregistry/result.h"
#include "schemaregistry/schema.h"
#include "schemaregistry/watch.h"

namespace schemaregistry {

class Connection;

/// HTTP/2 keepalive: after `idle` without a byte the client sends a ping and waits `wait` for its answer, so that a
/// connection that broke silently is noticed within the sum of both, even with no call in progress. `idle` must be 10 s
/// or more: the registry closes connections that ping more often.
struct Keepalive {
  std::chrono::milliseconds idle{30000};
  std::chrono::milliseconds wait{10000};
};

/// The registry's address, the credentials, and how long a call may take.
///
/// The client connects directly to localhost and loopback addresses, and to others through the proxy that the
/// environment names for gRPC, if any (grpc_proxy, https_proxy, http_proxy; no_proxy).
struct ClientOptions {
  /// `HOST:PORT` of the registry's gRPC.
  std::string target = "localhost:50051";
  Credentials credentials;
  /// The time for all attempts of one call together.
  std::chrono::milliseconds timeout{5000};
  Keepalive keepalive{};
};

/// One rule that a record breaks.
struct RecordError {
  /// The record's place in the array, from 0.
  std::int32_t index = 0;
  /// JSON pointer within the record.
  std::string pointer;
  /// The JSON Schema keyword that failed.
  std::string rule;
  std::string message;
};

/// One connection to a registry. Threads may share it; it is cheap to move, and may be destroyed before its
/// caches and watches.
class Client {
 public:
  /// Read the credentials' files; the first call makes the connection. The files are checked for changes every second
  /// and used by the next connection, so a renewed certificate needs no restart.
  ///
  /// Fails with INVALID_ARGUMENT where a file can't be read (reason CREDENTIALS_UNREADABLE) or is not PEM
  /// (CREDENTIALS_UNSOUND), or there are both a token's file and function (TOKEN_TWICE).
  static Result<Client> open(ClientOptions options);

  /// Open the registry at SCHEMAREGISTRY_TARGET (default `localhost:50051`) with `Credentials::from_environment`.
  static Result<Client> from_environment();

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// Get one version's document, byte for byte as it was registered. `version` is `1.0.0`, `v1.0.0`, `latest` (the
  /// highest release), or `1`, `1.2`, `^1.2` or `~1.2` for the highest release of a line. A pre-release is meant only
  /// where there is no release.
  ///
  /// With `min_revision` the call waits, within the timeout, until the server has that revision. Fails with NOT_FOUND
  /// where the id or the version isn't registered (`metadata["near"]` has similar names), UNAVAILABLE where the
  /// registry can't be reached, DEADLINE_EXCEEDED where it doesn't answer in time.
  Result<Schema> get(const std::string& id, const std::string& version = "latest", std::int64_t min_revision = 0) const;

  /// Get one version's compiled contract: a serialised `schemaregistry.v1.Contract`, which `Gate::make` takes.
  /// Fails as `get`.
  Result<std::string> contract(const std::string& id, const std::string& version = "latest") const;

  /// Validate a JSON array of up to 1,000 records against one version, on the server (`Gate` checks files). Returns the
  /// rules that they break, an empty vector where all records are valid. Fails as `get`.
  Result<std::vector<RecordError>> validate(const std::string& id, const std::string& records,
                                            const std::string& version = "latest") const;

  /// Follow `ids` (all schemas when empty) in the background. Returns once every version that the registry has is in
  /// the cache; fails where that takes longer than `options.timeout`.
  Result<Cache> follow(const std::vector<std::string>& ids = {}, CacheOptions options = {}) const;

  /// Call `handler` with every version after a revision, then with each new one as it is registered; see `Watch`.
  Result<Watch> watch(WatchOptions options, Watch::Handler handler, Watch::OnEnd on_end = {}) const;

 private:
  explicit Client(std::shared_ptr<Connection> connection) noexcept;
  std::shared_ptr<Connection> connection_;
};

}  // namespace schemaregistry
