#include "silence.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

namespace schemaregistry {
namespace {

using std::chrono::milliseconds;

constexpr int kIntervals = 3;
constexpr milliseconds kInterval{10000};
constexpr milliseconds kLongest = std::chrono::hours(24);

milliseconds interval(const Silence::CallMetadata& headers) {
  const auto found = headers.find("x-schema-progress-seconds");
  if (found == headers.end()) return kInterval;
  const std::string text(found->second.data(), found->second.size());
  const double seconds = std::strtod(text.c_str(), nullptr);
  if (!std::isfinite(seconds) || seconds <= 0) return kInterval;
  if (seconds > 86400) return kLongest;
  return std::max(milliseconds(1), milliseconds(std::llround(seconds * 1000)));
}

}  // namespace

milliseconds Silence::allowed() const {
  const milliseconds longest = kIntervals * interval_;
  if (!max_staleness_ || *max_staleness_ > 2 * longest) return longest;
  return std::min(longest, std::max(*max_staleness_ * 6 / 10, interval_));
}

std::optional<Error> Silence::read(const CallMetadata& headers) {
  interval_ = interval(headers);
  if (!max_staleness_ || *max_staleness_ >= 2 * interval_) return std::nullopt;
  return Error{Code::invalid_argument,
               "STALENESS_TOO_SHORT",
               "max_staleness is " + std::to_string(max_staleness_->count()) + " ms: the registry is heard of every " +
                   std::to_string(interval_.count()) + " ms, so allow at least twice that, or have it started with a " +
                   "shorter --progress-seconds",
               "",
               {}};
}

grpc::Status Silence::broken() const {
  return {grpc::StatusCode::UNAVAILABLE, "heard nothing for " + std::to_string(allowed().count()) +
                                             " ms: check that it is running, and what is in between"};
}

}  // namespace schemaregistry
