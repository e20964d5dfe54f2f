/// A watch without its thread: connect, pass on events, wait, connect again.
#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "connection.h"
#include "position.h"
#include "silence.h"

namespace schemaregistry {

/// One watch. `run` blocks its thread; `close` may be called from any other.
class Follower {
 public:
  /// `max_staleness` is that of the cache that the watch fills, if any.
  Follower(std::shared_ptr<Connection> connection, WatchOptions options,
           std::optional<std::chrono::milliseconds> max_staleness = std::nullopt);

  /// Pass on events until the watch is closed (returns empty) or ends for good.
  std::optional<Error> run(const Watch::Handler& handler) noexcept;
  void close() noexcept;
  std::int64_t revision() const noexcept { return position_.revision(); }

 private:
  /// Run one connection; returns why its stream ended, empty where the registry gave no reason.
  std::optional<Error> one_connection(const Watch::Handler& handler);
  bool begin(grpc::ClientContext& context);
  void end();
  bool wait_is_closed();

  const std::shared_ptr<Connection> connection_;
  Position position_;
  Silence silence_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool closed_ = false;
  grpc::ClientContext* context_ = nullptr;
};

}  // namespace schemaregistry
