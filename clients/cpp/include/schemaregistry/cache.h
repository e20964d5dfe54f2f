/// `Cache`: the latest versions in memory, kept up to date by a watch. `Client::follow` makes it.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "schemaregistry/result.h"
#include "schemaregistry/schema.h"

namespace schemaregistry {

/// How long a cache may take to fill, and how out of date its answers may be.
struct CacheOptions {
  /// Once the registry has been silent for so long, `get` is an error. A healthy server sends a mark of progress at
  /// least every ten seconds, or in the interval that it announces; less than twice that is refused (INVALID_ARGUMENT,
  /// reason STALENESS_TOO_SHORT). Marks of a server that can't reach its store don't count.
  std::chrono::milliseconds max_staleness{60000};
  /// How long the first filling may take.
  std::chrono::milliseconds timeout{5000};
};

/// The latest version of each schema followed. Threads may share it.
class Cache {
 public:
  Cache(Cache&&) noexcept;
  Cache& operator=(Cache&&) noexcept;
  /// Stops the watch. Pointers from `get` are invalid afterwards.
  ~Cache();

  /// The latest version of `id`: a clock read, a hash and an atomic load; no lock, no allocation. The pointer stays
  /// valid, with the same content, for as long as the cache lives.
  ///
  /// Fails with NOT_FOUND where the id isn't registered or isn't followed (reason NO_SUCH_SCHEMA) or every version is
  /// retracted (ALL_RETRACTED), with UNAVAILABLE (reason STALE) where the registry has been silent for `max_staleness`,
  /// or with the error that ended the watch.
  Result<const Schema*> get(std::string_view id) const;

 private:
  friend class Client;
  class State;
  explicit Cache(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace schemaregistry
