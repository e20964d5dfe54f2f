/// A watch that outlives its connections: `Watch`, made by `Client::watch`, and the events that it tells.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "schemaregistry/result.h"
#include "schemaregistry/schema.h"

namespace schemaregistry {

/// One thing a watch tells.
struct Event {
  enum class Kind {
    /// A version that was there when the watch began.
    snapshot,
    /// A version registered since.
    change,
    /// Nothing up to `revision` is left to tell; the first one ends the snapshot.
    progress,
  };
  Kind kind = Kind::progress;
  /// Resume a later watch after this one.
  std::int64_t revision = 0;
  /// Empty at `progress`; without `document` unless the watch asks for them.
  Schema schema;
  /// At `progress`: the server itself has lost its store for now, what it knows may be old.
  bool stale = false;
};

/// What to watch, and how to come back.
struct WatchOptions {
  /// Everything after this revision.
  std::int64_t after_revision = 0;
  /// Only these schemas; empty for all.
  std::vector<std::string> ids;
  bool include_documents = false;
  /// Before a further connection the watch waits a random time (so that watchers spread out) up to a bound that
  /// starts here and doubles to `longest_pause`; a message from the registry resets it.
  std::chrono::milliseconds first_pause{100};
  std::chrono::milliseconds longest_pause{5000};
};

/// The events of a watch, each once and in the order of their revisions, told on a thread of its own.
///
/// When the connection breaks, or nothing comes by it for three of the registry's intervals (30 s, unless it says
/// otherwise), it makes a new one and resumes after the last revision that it told.
class Watch {
 public:
  /// Called from the watch's thread, never twice at a time. It may throw: that ends the watch.
  using Handler = std::function<void(const Event&)>;
  /// Called once, from the watch's thread, when it ended for good: the registry was never reached, asking again won't
  /// help (PERMISSION_DENIED, OUT_OF_RANGE where the store is another one, …), or the handler threw.
  using OnEnd = std::function<void(const Error&)>;

  Watch(Watch&&) noexcept;
  Watch& operator=(Watch&&) noexcept;
  /// Ends the watch and waits for a handler under way. Not from within the handler.
  ~Watch();

  /// The revision to resume after.
  std::int64_t revision() const noexcept;
  /// Why the watch ended for good; empty while it goes on.
  std::optional<Error> failure() const;

 private:
  friend class Client;
  class Loop;
  explicit Watch(std::unique_ptr<Loop> loop) noexcept;
  std::unique_ptr<Loop> loop_;
};

}  // namespace schemaregistry
