/// Decide when a silent connection of a watch counts as dead.
///
/// The registry sends a mark of progress at least every interval, which it announces in a watch's headers. Pings don't
/// replace that: a proxy in between answers them although the registry is gone.
#pragma once

#include <grpcpp/support/status.h>
#include <grpcpp/support/string_ref.h>

#include <chrono>
#include <map>
#include <optional>

#include "schemaregistry/result.h"

namespace schemaregistry {

/// The time that a watch waits for the next message: three intervals, or less where a cache would get stale before.
class Silence {
 public:
  using CallMetadata = std::multimap<grpc::string_ref, grpc::string_ref>;

  explicit Silence(std::optional<std::chrono::milliseconds> max_staleness) : max_staleness_(max_staleness) {}

  /// The time to wait; the rest of `max_staleness` is left for a new connection.
  std::chrono::milliseconds allowed() const;

  /// Read the interval from a stream's headers. Returns INVALID_ARGUMENT (reason STALENESS_TOO_SHORT) where a cache's
  /// `max_staleness` is so short that a healthy registry would count as stale between two marks.
  std::optional<Error> read(const CallMetadata& headers);

  /// The status of a connection that was silent for too long.
  grpc::Status broken() const;

 private:
  const std::optional<std::chrono::milliseconds> max_staleness_;
  std::chrono::milliseconds interval_{10000};
};

}  // namespace schemaregistry
