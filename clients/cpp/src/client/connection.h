/// The channel to one registry, and what every call over it needs.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "schemaregistry/client.h"
#include "schemaregistry/v1/registry.grpc.pb.h"

namespace schemaregistry {

/// A channel with the client's options. Calls may come from any thread.
class Connection {
 public:
  static Result<std::shared_ptr<const Connection>> open(ClientOptions options);

  Connection(std::shared_ptr<grpc::Channel> channel, ClientOptions options);

  v1::SchemaRegistry::Stub& stub() const { return *stub_; }
  const ClientOptions& options() const { return options_; }
  Error describe(const grpc::Status& status) const;
  /// Give the call its deadline.
  void set_deadline(grpc::ClientContext& context) const;

 private:
  ClientOptions options_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::SchemaRegistry::Stub> stub_;
};

}  // namespace schemaregistry
