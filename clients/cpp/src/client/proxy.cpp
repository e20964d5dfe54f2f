#include "proxy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>

namespace schemaregistry {
namespace {

bool begins(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

bool ends(std::string_view text, std::string_view with) {
  return text.size() >= with.size() && text.substr(text.size() - with.size()) == with;
}

/// The host of HOST:PORT, without gRPC's scheme, in lower case and without brackets.
std::string host_of(std::string_view target) {
  for (const std::string_view scheme : {"dns:///", "dns:", "ipv4:", "ipv6:"}) {
    if (begins(target, scheme)) {
      target.remove_prefix(scheme.size());
      break;
    }
  }
  const auto colon = target.rfind(':');
  if (colon != std::string_view::npos) target = target.substr(0, colon);
  if (begins(target, "[") && ends(target, "]")) target = target.substr(1, target.size() - 2);
  std::string host(target);
  std::transform(host.begin(), host.end(), host.begin(), [](unsigned char letter) { return std::tolower(letter); });
  return host;
}

const char* first_set(std::initializer_list<const char*> names) {
  const auto found = std::find_if(names.begin(), names.end(), [](const char* name) { return std::getenv(name); });
  return found == names.end() ? nullptr : *found;
}

bool is_excepted(std::string_view host) {
  const char* name = first_set({"no_grpc_proxy", "no_proxy"});
  std::string_view entries = name ? std::getenv(name) : "";
  while (!entries.empty()) {
    const auto comma = entries.find(',');
    std::string_view entry = entries.substr(0, comma);
    entries.remove_prefix(comma == std::string_view::npos ? entries.size() : comma + 1);
    while (begins(entry, " ")) entry.remove_prefix(1);
    while (ends(entry, " ")) entry.remove_suffix(1);
    if (!entry.empty() && ends(host, entry)) return true;
  }
  return false;
}

}  // namespace

bool is_local(const std::string& target) {
  if (begins(target, "unix")) return true;
  std::string host = host_of(target);
  if (ends(host, ".")) host.pop_back();
  if (host == "localhost" || ends(host, ".localhost")) return true;
  in_addr four{};
  in6_addr six{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return begins(host, "127.");
  return inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

std::optional<Proxy> proxy_for(const std::string& target) {
  const char* name = first_set({"grpc_proxy", "https_proxy", "http_proxy"});
  if (name == nullptr || is_local(target) || is_excepted(host_of(target))) return std::nullopt;
  std::string_view place = std::getenv(name);
  if (!begins(place, "http://")) return std::nullopt;
  place.remove_prefix(7);
  place = place.substr(0, place.find('/'));
  place.remove_prefix(std::min(place.size(), place.rfind('@') + 1));
  if (place.empty()) return std::nullopt;
  return Proxy{name, std::string(place)};
}

}  // namespace schemaregistry
