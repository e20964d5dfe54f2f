/// The state and the thread of a `Cache`.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "follower.h"
#include "latest_table.h"
#include "schemaregistry/cache.h"

namespace schemaregistry {

class Cache::State {
 public:
  State(std::shared_ptr<Connection> connection, std::vector<std::string> ids, CacheOptions options);
  ~State();

  /// Wait for the first filling; returns its error if it failed or took too long.
  std::optional<Error> wait_until_filled();
  Result<const Schema*> get(std::string_view id) const;

 private:
  void run() noexcept;
  /// Follow one store until the cache is closed (returns empty) or the watch ends for good.
  std::optional<Error> follow_one_store();
  void take(const Event& event, LatestTable& filling);
  void heard() noexcept;
  Error stale() const;

  const std::shared_ptr<Connection> connection_;
  const std::vector<std::string> ids_;
  const CacheOptions options_;

  // One table for each store that was followed; all stay, since a reader may still be in an older one.
  std::deque<LatestTable> tables_;
  std::atomic<const LatestTable*> shown_{nullptr};
  std::atomic<std::int64_t> good_until_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  std::optional<Error> failure_;
  std::unique_ptr<Follower> follower_;
  std::thread thread_;
};

}  // namespace schemaregistry
