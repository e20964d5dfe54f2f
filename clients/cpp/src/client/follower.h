/// The watch without its thread: connect, tell, wait, connect again.
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

/// One watch. `run` blocks its thread; `close` may come from any other.
class Follower {
 public:
  /// `max_staleness` is that of the cache which it fills, if there is one.
  Follower(std::shared_ptr<Connection> connection, WatchOptions options,
           std::optional<std::chrono::milliseconds> max_staleness = std::nullopt);

  /// Tell the events until the watch is closed (then nothing is returned) or ends for good.
  std::optional<Error> run(const Watch::Handler& handler) noexcept;
  void close() noexcept;
  std::int64_t revision() const noexcept { return position_.revision(); }

 private:
  /// Why the stream ended; nothing where the registry ended it without a reason.
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
