/// When a watch that hears nothing takes its connection for dead. Waits for nothing itself.
///
/// The registry marks its progress at least every interval, which it names in a watch's headers. A connection may be
/// dead though it answers pings: a proxy in between does that by itself.
#pragma once

#include <grpcpp/support/status.h>
#include <grpcpp/support/string_ref.h>

#include <chrono>
#include <map>
#include <optional>

#include "schemaregistry/result.h"

namespace schemaregistry {

/// How long a watch waits for the next message: three intervals, or less where that would make a cache stale.
class Silence {
 public:
  using CallMetadata = std::multimap<grpc::string_ref, grpc::string_ref>;

  explicit Silence(std::optional<std::chrono::milliseconds> max_staleness) : max_staleness_(max_staleness) {}

  /// What is left of `max_staleness` then is for a new connection.
  std::chrono::milliseconds allowed() const;

  /// Take the interval of a stream's headers. INVALID_ARGUMENT (reason STALENESS_TOO_SHORT) where a cache is allowed so
  /// little staleness that a healthy registry would be called stale between two of its marks.
  std::optional<Error> read(const CallMetadata& headers);

  /// How the call of a connection ended on which nothing was heard.
  grpc::Status broken() const;

 private:
  const std::optional<std::chrono::milliseconds> max_staleness_;
  std::chrono::milliseconds interval_{10000};
};

}  // namespace schemaregistry
