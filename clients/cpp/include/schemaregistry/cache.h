/// The latest versions in memory, kept up to date by a watch: `Cache`, made by `Client::follow`.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "schemaregistry/result.h"
#include "schemaregistry/schema.h"

namespace schemaregistry {

/// How a cache fills and how old it may get.
struct CacheOptions {
  /// Once the registry was not heard of for so long, `get` is an error. A healthy server sends a mark at least every
  /// ten seconds, or as often as it says: less than twice that is refused (INVALID_ARGUMENT, reason
  /// STALENESS_TOO_SHORT). One that has lost its store says so and doesn't count as heard of.
  std::chrono::milliseconds max_staleness{60000};
  /// For the first filling.
  std::chrono::milliseconds timeout{5000};
};

/// The latest version of each schema followed. Threads may share it.
class Cache {
 public:
  Cache(Cache&&) noexcept;
  Cache& operator=(Cache&&) noexcept;
  /// Stops following. Pointers from `get` end here.
  ~Cache();

  /// The latest version of `id`: a clock read, a hash and an atomic load; no lock, no allocation. The pointer stays
  /// good, with the same content, for as long as the cache lives.
  ///
  /// NOT_FOUND (reason NO_SUCH_SCHEMA) where it isn't registered or isn't followed, UNAVAILABLE (reason STALE) where
  /// the registry was not heard of for `max_staleness`; else what ended the watch for good.
  Result<const Schema*> get(std::string_view id) const;

 private:
  friend class Client;
  class State;
  explicit Cache(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace schemaregistry
