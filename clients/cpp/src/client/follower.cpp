#include "follower.h"

#include <utility>

#include "schemaregistry/guarded.h"

namespace schemaregistry {

Follower::Follower(std::shared_ptr<const Connection> connection, WatchOptions options)
    : connection_(std::move(connection)), position_(options) {}

std::optional<Error> Follower::run(const Watch::Handler& handler) noexcept {
  using Ended = std::optional<Error>;
  auto ended = guarded([&]() -> Result<Ended> {
    while (true) {
      const grpc::Status status = one_connection(handler);
      const Error error = connection_->describe(status);
      if (!status.ok() && !position_.survives(error)) {
        const std::lock_guard lock(mutex_);
        return closed_ ? Ended{} : Ended{error};
      }
      if (wait_is_closed()) return Ended{};
    }
  });
  return ended ? *std::move(ended) : Ended{std::move(ended).error()};
}

void Follower::close() noexcept {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  if (context_ != nullptr) context_->TryCancel();
  wake_.notify_all();
}

grpc::Status Follower::one_connection(const Watch::Handler& handler) {
  grpc::ClientContext context;
  if (!begin(context)) return grpc::Status::CANCELLED;
  // Unlinks the context however this is left: `close` must not find one that is gone.
  const std::unique_ptr<Follower, void (*)(Follower*)> unlink(this, [](Follower* self) { self->end(); });
  auto reader = connection_->stub().WatchSchemas(&context, position_.request());
  v1::WatchSchemasResponse message;
  while (reader->Read(&message)) {
    if (const auto event = position_.accept(message)) {
      try {
        handler(*event);
      } catch (...) {
        context.TryCancel();
        reader->Finish();
        throw;
      }
    }
  }
  return reader->Finish();
}

bool Follower::begin(grpc::ClientContext& context) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  context_ = &context;
  return true;
}

void Follower::end() {
  const std::lock_guard lock(mutex_);
  context_ = nullptr;
}

bool Follower::wait_is_closed() {
  std::unique_lock lock(mutex_);
  return wake_.wait_for(lock, position_.pause(), [&] { return closed_; });
}

}  // namespace schemaregistry
