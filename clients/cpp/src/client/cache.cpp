#include "schemaregistry/cache.h"

#include <algorithm>
#include <ctime>
#include <limits>
#include <utility>

#include "cache_state.h"
#include "schemaregistry/guarded.h"

namespace schemaregistry {
namespace {

/// Nanoseconds of a monotonic clock with a resolution of a few milliseconds, which makes it cheap to read.
std::int64_t now() noexcept {
#ifdef CLOCK_MONOTONIC_COARSE
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
#else
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
#endif
}

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365 * 100);

}  // namespace

Cache::State::State(std::shared_ptr<Connection> connection, std::vector<std::string> ids, CacheOptions options)
    : connection_(std::move(connection)), ids_(std::move(ids)), options_(options), good_until_(kNever) {
  thread_ = std::thread([this] { run(); });
}

Cache::State::~State() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    if (follower_) follower_->close();
  }
  thread_.join();
}

std::optional<Error> Cache::State::wait_until_filled() {
  std::unique_lock lock(mutex_);
  const bool ready = changed_.wait_for(lock, options_.timeout, [&] { return failure_ || shown_.load(); });
  if (failure_) return failure_;
  if (ready) return std::nullopt;
  return Error{Code::deadline_exceeded,
               "DEADLINE_EXCEEDED",
               "the registry did not send what it has within " + std::to_string(options_.timeout.count()) +
                   " ms: try again, or allow more time",
               "",
               {}};
}

Result<const Schema*> Cache::State::get(std::string_view id) const {
  if (now() > good_until_.load(std::memory_order_relaxed)) return stale();
  if (const Schema* found = shown_.load(std::memory_order_acquire)->find(id)) {
    if (!found->version.empty()) return found;
    return Error{Code::not_found,
                 "ALL_RETRACTED",
                 "every version of " + std::string(id) + " is retracted: ask for one by its number",
                 "",
                 {}};
  }
  return Error{Code::not_found, "NO_SUCH_SCHEMA", "no schema " + std::string(id) + " is followed here", "", {}};
}

void Cache::State::run() noexcept {
  auto ended = guarded([&]() -> Result<std::optional<Error>> {
    while (true) {
      auto error = follow_one_store();
      // The registry has another store than before: load everything again. Until then the old answers stay, up to
      // `max_staleness`.
      if (error && error->code == Code::out_of_range && follower_->revision() > 0) continue;
      return error;
    }
  });
  const std::lock_guard lock(mutex_);
  if (!ended) failure_ = ended.error();
  if (ended && *ended) failure_ = **ended;
  if (failure_) good_until_ = kNever;
  changed_.notify_all();
}

std::optional<Error> Cache::State::follow_one_store() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return std::nullopt;
    WatchOptions watch;
    watch.ids = ids_;
    watch.include_documents = true;
    follower_ = std::make_unique<Follower>(connection_, watch, options_.max_staleness);
  }
  LatestTable& filling = tables_.emplace_back();
  return follower_->run([&](const Event& event) { take(event, filling); });
}

void Cache::State::take(const Event& event, LatestTable& filling) {
  if (event.kind == Event::Kind::state) {
    // Without an id every version is retracted: an entry without a version stands for that.
    filling.put(event.latest.id.empty() ? Schema{event.schema.id, "", event.revision, "", ""} : event.latest);
  } else if (event.is_latest) {
    filling.put(event.schema);
  }
  if (!event.stale) heard();
  // The first mark of progress completes the table that is being filled; now readers get it.
  if (event.kind == Event::Kind::progress && shown_.load(std::memory_order_relaxed) != &filling) {
    const std::lock_guard lock(mutex_);
    shown_.store(&filling, std::memory_order_release);
    changed_.notify_all();
  }
}

void Cache::State::heard() noexcept {
  const auto allowed = std::chrono::nanoseconds(std::min(options_.max_staleness, kLongest)).count();
  good_until_.store(now() + allowed, std::memory_order_relaxed);
}

Error Cache::State::stale() const {
  const std::lock_guard lock(mutex_);
  if (failure_) return *failure_;
  return {Code::unavailable,
          "STALE",
          "the registry was not heard of for longer than the " + std::to_string(options_.max_staleness.count()) +
              " ms allowed: check that it is running",
          "",
          {}};
}

Cache::Cache(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Cache::Cache(Cache&&) noexcept = default;
Cache& Cache::operator=(Cache&&) noexcept = default;
Cache::~Cache() = default;

Result<const Schema*> Cache::get(std::string_view id) const { return state_->get(id); }

}  // namespace schemaregistry
