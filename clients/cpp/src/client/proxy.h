/// Which proxy of the environment stands between a client and its registry, by the rules that gRPC has for it.
#pragma once

#include <optional>
#include <string>

namespace schemaregistry {

/// The proxy that a variable of the environment names.
struct Proxy {
  std::string variable;
  /// HOST[:PORT], without the user and the password that the variable may hold.
  std::string place;

  std::string text() const { return "the proxy " + place + " (the environment's " + variable + ")"; }
};

/// Whether a target is on this machine by its very name: no proxy could reach it.
bool is_local(const std::string& target);

/// The proxy by way of which gRPC asks `target`: of the first of grpc_proxy, https_proxy and http_proxy that is set,
/// unless the host ends in an entry of no_grpc_proxy or else no_proxy. Nothing where it connects directly.
std::optional<Proxy> proxy_for(const std::string& target);

}  // namespace schemaregistry
