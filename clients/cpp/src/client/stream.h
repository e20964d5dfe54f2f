/// One stream of a watch, read with a time limit.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>

#include "schemaregistry/v1/registry.grpc.pb.h"

namespace schemaregistry {

/// Read it from one thread. Its context cancels it, from any thread, and so does its destructor.
class Stream {
 public:
  enum class Next { message, silence, end };

  Stream(v1::SchemaRegistry::Stub& stub, grpc::ClientContext& context, const v1::WatchSchemasRequest& request);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  /// Wait at most `allowed` for the next message; after any other result there are no more messages.
  Next next(v1::WatchSchemasResponse& message, std::chrono::milliseconds allowed);
  /// The call's status, after `Next::end`.
  grpc::Status finish();

 private:
  /// Wait for the pending operation; `Next::end` where it failed.
  Next wait(std::chrono::system_clock::time_point until);

  grpc::ClientContext& context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReader<v1::WatchSchemasResponse>> reader_;
  // gRPC writes here when a read completes, also after the reader has stopped waiting; hence a member and no local
  // variable.
  v1::WatchSchemasResponse message_;
  grpc::Status status_;
  bool begun_ = false;
};

}  // namespace schemaregistry
