/// The position of a watch: the next request, the events it has had already, and the pause before it reconnects.
/// `follower.h` sends and waits.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

#include "schemaregistry/v1/registry.pb.h"
#include "schemaregistry/watch.h"

namespace schemaregistry {

/// The state of one watch across its connections. `revision` may be read from any thread.
class Position {
 public:
  explicit Position(const WatchOptions& options);

  /// The request for every event that was not passed on yet.
  v1::WatchSchemasRequest request() const;

  /// The event of a message; empty for a version that was passed on before. After a reconnection the server sends
  /// versions registered meanwhile as `snapshot`; for this watch they are changes.
  std::optional<Event> accept(v1::WatchSchemasResponse& message);

  /// Whether to reconnect after `error`: not where that can't help, and not before the first message.
  bool should_reconnect(const Error& error) const;

  /// How long to wait before the next connection.
  std::chrono::milliseconds pause();

  std::int64_t revision() const noexcept { return revision_.load(std::memory_order_relaxed); }

 private:
  const WatchOptions options_;
  std::atomic<std::int64_t> revision_;
  bool heard_ = false;
  bool caught_up_ = false;
  int failures_ = 0;
  std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace schemaregistry
