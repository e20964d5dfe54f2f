/// `Watch`: follow the registry's new versions across lost connections. `Client::watch` makes it.
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

/// An event of a watch: a version, or a mark of progress.
struct Event {
  enum class Kind {
    /// A version that was registered before the watch began.
    snapshot,
    /// A version registered since.
    change,
    /// A version whose state was changed, before the watch began or since.
    state,
    /// A mark of progress: every event up to `revision` has been sent. The first one ends the snapshot.
    progress,
  };
  Kind kind = Kind::progress;
  /// The event's revision; a later watch resumes after it.
  std::int64_t revision = 0;
  /// The version; empty at `progress`, and without `document` unless `include_documents` is set.
  Schema schema;
  /// Whether `latest` means this version; not so for a pre-release beside releases, or a fix to an old line.
  bool is_latest = false;
  /// At `state`: the version that `latest` means by now, with `document` where `include_documents` is set; without an
  /// id where every version is retracted.
  Schema latest;
  /// At `progress`: the server can't reach its store, so its answers may be out of date.
  bool stale = false;
};

/// What to watch, and how to reconnect.
struct WatchOptions {
  /// The watch sends every version after this revision.
  std::int64_t after_revision = 0;
  /// Only these schemas; empty for all.
  std::vector<std::string> ids;
  /// Whether events have the documents.
  bool include_documents = false;
  /// Before it reconnects, the watch waits a random time (so that watchers spread out) up to a bound that starts here
  /// and doubles up to `longest_pause`; a message from the registry resets it.
  std::chrono::milliseconds first_pause{100};
  std::chrono::milliseconds longest_pause{5000};
};

/// A watch on a thread of its own, which calls a handler with each event once, in the order of revisions.
///
/// When the connection breaks, or is silent for three of the registry's progress intervals (30 s by default), the watch
/// connects again and resumes after its last revision.
class Watch {
 public:
  /// Called from the watch's thread, one call at a time. An exception ends the watch.
  using Handler = std::function<void(const Event&)>;
  /// Called once, from the watch's thread, when the watch has ended for good: the registry was never reached, there
  /// is an error that reconnecting can't fix (PERMISSION_DENIED, OUT_OF_RANGE where the store is another one, …), or
  /// the handler threw.
  using OnEnd = std::function<void(const Error&)>;

  Watch(Watch&&) noexcept;
  Watch& operator=(Watch&&) noexcept;
  /// Ends the watch and waits for a running handler; must not be called from the handler.
  ~Watch();

  /// The revision of the last event, after which a later watch resumes.
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
