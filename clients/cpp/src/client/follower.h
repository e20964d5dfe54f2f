/// The watch without its thread: connect, tell, wait, connect again.
#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "connection.h"
#include "position.h"

namespace schemaregistry {

/// One watch. `run` blocks its thread; `close` may come from any other.
class Follower {
 public:
  Follower(std::shared_ptr<const Connection> connection, WatchOptions options);

  /// Tell the events until the watch is closed (then nothing is returned) or ends for good.
  std::optional<Error> run(const Watch::Handler& handler) noexcept;
  void close() noexcept;
  std::int64_t revision() const noexcept { return position_.revision(); }

 private:
  grpc::Status one_connection(const Watch::Handler& handler);
  bool begin(grpc::ClientContext& context);
  void end();
  bool wait_is_closed();

  const std::shared_ptr<const Connection> connection_;
  Position position_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool closed_ = false;
  grpc::ClientContext* context_ = nullptr;
};

}  // namespace schemaregistry
