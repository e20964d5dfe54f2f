#include "stream.h"

namespace schemaregistry {

using std::chrono::system_clock;

Stream::Stream(v1::SchemaRegistry::Stub& stub, grpc::ClientContext& context, const v1::WatchSchemasRequest& request)
    : context_(context), reader_(stub.AsyncWatchSchemas(&context, request, &queue_, this)) {}

Stream::~Stream() {
  context_.TryCancel();
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

Stream::Next Stream::next(v1::WatchSchemasResponse& message, std::chrono::milliseconds allowed) {
  const auto until = system_clock::now() + allowed;
  if (!begun_) {
    const Next started = wait(until);
    if (started != Next::message) return started;
    begun_ = true;
  }
  reader_->Read(&message_, this);
  const Next found = wait(until);
  if (found == Next::message) message.Swap(&message_);
  return found;
}

grpc::Status Stream::finish() {
  reader_->Finish(&status_, this);
  void* tag = nullptr;
  bool ok = false;
  queue_.Next(&tag, &ok);
  return status_;
}

Stream::Next Stream::wait(system_clock::time_point until) {
  void* tag = nullptr;
  bool ok = false;
  if (queue_.AsyncNext(&tag, &ok, until) == grpc::CompletionQueue::TIMEOUT) return Next::silence;
  return ok ? Next::message : Next::end;
}

}  // namespace schemaregistry
