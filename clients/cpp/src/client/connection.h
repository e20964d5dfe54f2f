/// The channel to one registry, with its credentials, deadlines and keepalive.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "schemaregistry/client.h"
#include "schemaregistry/v1/registry.grpc.pb.h"

namespace schemaregistry {

/// A channel with the client's options. Calls may come from any thread.
class Connection {
 public:
  using Stub = std::shared_ptr<v1::SchemaRegistry::Stub>;

  static Result<std::shared_ptr<Connection>> open(ClientOptions options);

  Connection(std::shared_ptr<grpc::ChannelCredentials> credentials, ClientOptions options);

  /// The stub for calls. Calls in progress finish on the channel that they began on.
  Stub stub() const;
  /// Make the next call use a new channel, unless the channel of `stub` has been replaced already.
  void leave(const Stub& stub);
  const ClientOptions& options() const { return options_; }
  Error describe(const grpc::Status& status) const;
  /// Set a call's deadline, and show the token. Returns the error of a token that there should be.
  std::optional<Error> prepare(grpc::ClientContext& context) const;

 private:
  Stub connect() const;

  const ClientOptions options_;
  const std::shared_ptr<grpc::ChannelCredentials> credentials_;
  mutable std::mutex mutex_;
  Stub stub_;
};

}  // namespace schemaregistry
