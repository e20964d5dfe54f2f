/// One stream of a watch, whose reader waits for a bounded time.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>

#include "schemaregistry/v1/registry.grpc.pb.h"

namespace schemaregistry {

/// Reads from one thread; cancelled by its context from any, and at its end.
class Stream {
 public:
  enum class Next { message, silence, end };

  Stream(v1::SchemaRegistry::Stub& stub, grpc::ClientContext& context, const v1::WatchSchemasRequest& request);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  /// Wait for the next message, for at most `allowed`; after anything but a message there is no more.
  Next next(v1::WatchSchemasResponse& message, std::chrono::milliseconds allowed);
  /// How the call ended, after `Next::end`.
  grpc::Status finish();

 private:
  /// Wait for the operation under way; `Next::end` where it failed.
  Next wait(std::chrono::system_clock::time_point until);

  grpc::ClientContext& context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReader<v1::WatchSchemasResponse>> reader_;
  // gRPC writes here whenever a read completes, also after its reader gave up waiting.
  v1::WatchSchemasResponse message_;
  grpc::Status status_;
  bool begun_ = false;
};

}  // namespace schemaregistry
