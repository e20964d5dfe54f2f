/// The thread of a `Watch`, and its start and end.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "follower.h"

namespace schemaregistry {

class Watch::Loop {
 public:
  Loop(std::shared_ptr<Connection> connection, WatchOptions options, Handler handler, OnEnd on_end);
  ~Loop();

  std::int64_t revision() const noexcept { return follower_.revision(); }
  std::optional<Error> failure() const;

 private:
  void run() noexcept;

  Follower follower_;
  const Handler handler_;
  const OnEnd on_end_;
  mutable std::mutex mutex_;
  std::optional<Error> failure_;
  std::thread thread_;
};

}  // namespace schemaregistry
