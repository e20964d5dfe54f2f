/// Find the proxy that gRPC uses for a target, by gRPC's rules for environment variables.
#pragma once

#include <optional>
#include <string>

namespace schemaregistry {

/// A proxy named by an environment variable.
struct Proxy {
  std::string variable;
  /// HOST[:PORT], without a user and password.
  std::string place;

  std::string text() const { return "the proxy " + place + " (the environment's " + variable + ")"; }
};

/// Whether a target is localhost or a loopback address, which no proxy could reach.
bool is_local(const std::string& target);

/// The proxy that gRPC uses for `target`: the first of grpc_proxy, https_proxy and http_proxy that is set, unless the
/// host ends in an entry of no_grpc_proxy or else of no_proxy. Empty for a direct connection.
std::optional<Proxy> proxy_for(const std::string& target);

}  // namespace schemaregistry
