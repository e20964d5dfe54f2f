#include "schemaregistry/watch.h"

#include <utility>

#include "schemaregistry/guarded.h"
#include "watch_loop.h"

namespace schemaregistry {

Watch::Loop::Loop(std::shared_ptr<Connection> connection, WatchOptions options, Handler handler, OnEnd on_end)
    : follower_(std::move(connection), std::move(options)),
      handler_(std::move(handler)),
      on_end_(std::move(on_end)),
      thread_([this] { run(); }) {}

Watch::Loop::~Loop() {
  follower_.close();
  thread_.join();
}

std::optional<Error> Watch::Loop::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void Watch::Loop::run() noexcept {
  auto ended = follower_.run(handler_);
  if (!ended) return;
  {
    const std::lock_guard lock(mutex_);
    failure_ = ended;
  }
  if (!on_end_) return;
  (void)guarded([&]() -> Result<bool> {
    on_end_(*ended);
    return true;
  });
}

Watch::Watch(std::unique_ptr<Loop> loop) noexcept : loop_(std::move(loop)) {}
Watch::Watch(Watch&&) noexcept = default;
Watch& Watch::operator=(Watch&&) noexcept = default;
Watch::~Watch() = default;

std::int64_t Watch::revision() const noexcept { return loop_->revision(); }
std::optional<Error> Watch::failure() const { return loop_->failure(); }

}  // namespace schemaregistry
