/// Where a watch is: what to ask for next, what was had already, how long to wait. Sends nothing and never waits.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

#include "schemaregistry/v1/registry.pb.h"
#include "schemaregistry/watch.h"

namespace schemaregistry {

/// The state of one watch through all its connections. `revision` may be read from any thread.
class Position {
 public:
  explicit Position(const WatchOptions& options);

  /// What brings everything that was not told yet.
  v1::WatchSchemasRequest request() const;

  /// The event to tell; nothing for a version that was told before. After a new connection the server calls
  /// `snapshot` what was registered meanwhile; to this watch it is a change.
  std::optional<Event> accept(v1::WatchSchemasResponse& message);

  /// Whether to connect again after `error`: not where that changes nothing, and not before the first message.
  bool survives(const Error& error) const;

  /// How long to wait before connecting again.
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
