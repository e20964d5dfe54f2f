#include "follower.h"

#include <utility>

#include "schemaregistry/guarded.h"
#include "stream.h"
#include "token.h"

namespace schemaregistry {

Follower::Follower(std::shared_ptr<Connection> connection, WatchOptions options,
                   std::optional<std::chrono::milliseconds> max_staleness)
    : connection_(std::move(connection)), position_(options), silence_(max_staleness) {}

std::optional<Error> Follower::run(const Watch::Handler& handler) noexcept {
  using Ended = std::optional<Error>;
  auto ended = guarded([&]() -> Result<Ended> {
    while (true) {
      const auto error = one_connection(handler);
      if (error && !position_.should_reconnect(*error)) {
        const std::lock_guard lock(mutex_);
        return closed_ ? Ended{} : error;
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

std::optional<Error> Follower::one_connection(const Watch::Handler& handler) {
  grpc::ClientContext context;
  if (auto missing = show_token(connection_->options().credentials, context)) return missing;
  if (!begin(context)) return connection_->describe(grpc::Status::CANCELLED);
  // Unlink the context on every way out, since `close` must not use one that is destroyed.
  const std::unique_ptr<Follower, void (*)(Follower*)> unlink(this, [](Follower* self) { self->end(); });
  const Connection::Stub stub = connection_->stub();
  Stream stream(*stub, context, position_.request());
  v1::WatchSchemasResponse message;
  bool begun = false;
  while (true) {
    switch (stream.next(message, silence_.allowed())) {
      case Stream::Next::message:
        if (!begun) {
          if (auto refused = silence_.read(context.GetServerInitialMetadata())) return refused;
          begun = true;
        }
        if (const auto event = position_.accept(message)) handler(*event);
        break;
      case Stream::Next::silence:
        connection_->leave(stub);
        return connection_->describe(silence_.broken());
      case Stream::Next::end: {
        const grpc::Status status = stream.finish();
        return status.ok() ? std::nullopt : std::optional<Error>(connection_->describe(status));
      }
    }
  }
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
