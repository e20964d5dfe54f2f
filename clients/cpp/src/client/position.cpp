#include "position.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace schemaregistry {

namespace {

/// Seconds since the epoch as an HTTP date (RFC 9110, section 5.6.7).
std::string http_date(std::time_t seconds) {
  std::tm time{};
  char text[32];
  if (gmtime_r(&seconds, &time) == nullptr) return {};
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &time)};
}

Schema schema_of(const v1::SchemaVersion& entry, std::string document) {
  Schema schema{entry.id(), entry.version(), entry.revision(), entry.fingerprint(), std::move(document)};
  if (!entry.state().empty()) schema.state = entry.state();  // empty: a registry from before there were states
  schema.state_reason = entry.state_reason();
  if (entry.has_sunset()) schema.sunset = http_date(static_cast<std::time_t>(entry.sunset().seconds()));
  return schema;
}

}  // namespace

Position::Position(const WatchOptions& options) : options_(options), revision_(options.after_revision) {}

v1::WatchSchemasRequest Position::request() const {
  v1::WatchSchemasRequest request;
  request.set_after_revision(revision());
  request.set_include_documents(options_.include_documents);
  for (const auto& id : options_.ids) request.add_ids(id);
  return request;
}

std::optional<Event> Position::accept(v1::WatchSchemasResponse& message) {
  heard_ = true;
  failures_ = 0;
  Event event;
  if (message.has_progress()) {
    caught_up_ = true;
    revision_ = std::max(revision(), message.revision());
    event.stale = message.progress().stale();
  } else {
    if (message.revision() <= revision()) return std::nullopt;
    revision_ = message.revision();
    if (message.has_state_change()) {
      event.kind = Event::Kind::state;
      event.schema = schema_of(message.state_change(), {});
      if (message.has_latest()) event.latest = schema_of(message.latest(), std::move(*message.mutable_document()));
    } else {
      event.kind = caught_up_ ? Event::Kind::change : Event::Kind::snapshot;
      event.schema = schema_of(message.has_change() ? message.change() : message.snapshot(),
                               std::move(*message.mutable_document()));
    }
    event.is_latest = message.latest_version() == event.schema.version;
  }
  event.revision = revision();
  return event;
}

bool Position::should_reconnect(const Error& error) const {
  switch (error.code) {
    case Code::invalid_argument:
    case Code::not_found:
    case Code::failed_precondition:
    case Code::out_of_range:
    case Code::unauthenticated:
    case Code::permission_denied:
    case Code::unimplemented:
      return false;
    default:
      return heard_;
  }
}

std::chrono::milliseconds Position::pause() {
  const auto doubled = options_.first_pause * (std::int64_t{1} << std::min(failures_, 10));
  failures_ += 1;
  const auto bound = std::clamp<std::int64_t>(doubled.count(), 0, options_.longest_pause.count());
  return std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(0, bound)(random_));
}

}  // namespace schemaregistry
