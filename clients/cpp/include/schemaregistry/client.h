/// The registry's client over mutual TLS: `Client`, the values it hands out, and the way to a `Cache` or a `Watch`.
///
/// Needs C++17 and nothing of gRPC, protobuf or Arrow in the including program. Checking data against a contract is
/// `gate.h`'s.
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

/// After `idle` without a byte the client asks the registry for a sign of life, and waits `wait` for it: a peer that
/// vanished without a word is noticed within both together, whether or not a call is under way. The registry takes such
/// questions every 10 s and more; a client that asks more often is hung up on.
struct Keepalive {
  std::chrono::milliseconds idle{30000};
  std::chrono::milliseconds wait{10000};
};

/// Where the registry is and how long a call may take.
///
/// A registry on this machine by its name (localhost, a loopback address) is asked directly, any other by way of the
/// proxy that the environment names for gRPC, if it names one (grpc_proxy, https_proxy, http_proxy; no_proxy).
struct ClientOptions {
  /// `HOST:PORT` of the registry's gRPC.
  std::string target = "localhost:50051";
  Credentials credentials;
  /// For all attempts of one call together.
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

/// One connection to a registry. Threads may share it; cheap to move, and it may go before its caches and watches.
class Client {
 public:
  /// Read the credentials' files; the connection is made by the first call. The files are looked at every second and
  /// serve the next connection: a renewed certificate needs no restart.
  ///
  /// INVALID_ARGUMENT where a file can't be read (reason CREDENTIALS_UNREADABLE) or is not PEM (CREDENTIALS_UNSOUND).
  static Result<Client> open(ClientOptions options);

  /// The registry at SCHEMAREGISTRY_TARGET (`localhost:50051` without it) with `Credentials::from_environment`.
  static Result<Client> from_environment();

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// One version, byte for byte as it was registered: `1.0.0`, `v1.0.0` or `latest`.
  ///
  /// `min_revision` waits, within the timeout, until the server has seen that revision. NOT_FOUND where the id or the
  /// version isn't registered (`metadata["near"]` has near names), UNAVAILABLE where the registry can't be reached,
  /// DEADLINE_EXCEEDED where it doesn't answer in time.
  Result<Schema> get(const std::string& id, const std::string& version = "latest", std::int64_t min_revision = 0) const;

  /// The compiled check plan of one version: a serialised `schemaregistry.v1.Contract`, which `Gate::make` takes.
  Result<std::string> contract(const std::string& id, const std::string& version = "latest") const;

  /// Judge a few records, a JSON array, by one version, on the server; for files there is `Gate`. What they break,
  /// nothing where all are valid.
  Result<std::vector<RecordError>> validate(const std::string& id, const std::string& records,
                                            const std::string& version = "latest") const;

  /// Follow `ids` (all schemas when empty) in the background. Returns once all that the registry has is there.
  Result<Cache> follow(const std::vector<std::string>& ids = {}, CacheOptions options = {}) const;

  /// Every version after a revision, then each further one as it is registered, to `handler`; see `Watch`.
  Result<Watch> watch(WatchOptions options, Watch::Handler handler, Watch::OnEnd on_end = {}) const;

 private:
  explicit Client(std::shared_ptr<Connection> connection) noexcept;
  std::shared_ptr<Connection> connection_;
};

}  // namespace schemaregistry
