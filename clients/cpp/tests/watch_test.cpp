// The watch: what it tells, in which order, and across a registry that goes and comes back.
#include "schemaregistry/watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stdexcept>

#include "position.h"
#include "registry_process.h"

namespace schemaregistry::testing {
namespace {

/// Keeps the events of a watch, for a test to wait on.
class Heard {
 public:
  Watch::Handler handler() {
    return [this](const Event& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
      changed_.notify_all();
    };
  }

  template <class Wanted>
  bool wait_for(Wanted wanted) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return wanted(events_); });
  }

  bool wait_for_change(const std::string& id, const std::string& version) {
    return wait_for([&](const std::vector<Event>& events) { return count(events, id, version) > 0; });
  }

  static int count(const std::vector<Event>& events, const std::string& id, const std::string& version) {
    int found = 0;
    for (const Event& event : events) {
      found += event.kind == Event::Kind::change && event.schema.id == id && event.schema.version == version;
    }
    return found;
  }

  std::vector<Event> events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> events_;
};

bool caught_up(const std::vector<Event>& events) {
  return !events.empty() && events.back().kind == Event::Kind::progress;
}

TEST(WatchTest, TellsWhatIsThereAndThenWhatComes) {
  const RegistryProcess registry;
  Heard heard;
  const auto watch = Client::open(registry.client_options())->watch({}, heard.handler());
  ASSERT_TRUE(watch);
  ASSERT_TRUE(heard.wait_for(caught_up));
  const auto first = heard.events();
  const auto ticks = std::find_if(first.begin(), first.end(), [](const Event& e) { return e.schema.id == "ticks_v1"; });
  ASSERT_NE(ticks, first.end());
  EXPECT_EQ(ticks->kind, Event::Kind::snapshot);
  EXPECT_EQ(ticks->schema.document, "");

  const auto revision = registry.publish("news_v1", document("news_v1", "1.0.0"));
  ASSERT_TRUE(heard.wait_for_change("news_v1", "1.0.0"));
  EXPECT_GE(watch->revision(), revision);
}

TEST(WatchTest, BringsDocumentsAndOnlyTheIdsAskedFor) {
  const RegistryProcess registry;
  Heard heard;
  WatchOptions options;
  options.ids = {"mine_v1"};
  options.include_documents = true;
  const auto watch = Client::open(registry.client_options())->watch(options, heard.handler());
  ASSERT_TRUE(heard.wait_for(caught_up));
  registry.publish("other_v1", document("other_v1", "1.0.0"));
  registry.publish("mine_v1", document("mine_v1", "1.0.0"));
  ASSERT_TRUE(heard.wait_for_change("mine_v1", "1.0.0"));
  for (const Event& event : heard.events()) {
    if (event.kind == Event::Kind::progress) continue;
    EXPECT_EQ(event.schema.id, "mine_v1");
    EXPECT_EQ(event.schema.document, document("mine_v1", "1.0.0"));
  }
}

TEST(WatchTest, ResumesAfterARestartWithoutGapOrRepeat) {
  RegistryProcess registry;
  Heard heard;
  const auto watch = Client::open(registry.client_options())->watch({}, heard.handler());
  ASSERT_TRUE(heard.wait_for(caught_up));
  registry.publish("resume_v1", document("resume_v1", "1.0.0"));
  ASSERT_TRUE(heard.wait_for_change("resume_v1", "1.0.0"));

  registry.restart();
  registry.publish("resume_v1", document("resume_v1", "1.0.1"));
  ASSERT_TRUE(heard.wait_for_change("resume_v1", "1.0.1"));
  const auto events = heard.events();
  EXPECT_EQ(Heard::count(events, "resume_v1", "1.0.0"), 1);
  EXPECT_EQ(Heard::count(events, "resume_v1", "1.0.1"), 1);
  for (std::size_t i = 1; i < events.size(); ++i) EXPECT_GE(events[i].revision, events[i - 1].revision);
  EXPECT_FALSE(watch->failure());
}

TEST(WatchTest, ResumesFromARevisionOfAnEarlierWatch) {
  const RegistryProcess registry;
  const Client client = *Client::open(registry.client_options());
  std::int64_t reached = 0;
  {
    Heard heard;
    const auto watch = client.watch({}, heard.handler());
    ASSERT_TRUE(heard.wait_for(caught_up));
    reached = watch->revision();
  }
  registry.publish("later_v1", document("later_v1", "1.0.0"));
  Heard heard;
  WatchOptions options;
  options.after_revision = reached;
  const auto watch = client.watch(options, heard.handler());
  ASSERT_TRUE(heard.wait_for(caught_up));
  ASSERT_EQ(heard.events().size(), 2u);
  EXPECT_EQ(heard.events().front().schema.id, "later_v1");
}

TEST(PositionTest, PausesAtRandomUpToABoundThatDoublesAndIsResetByAMessage) {
  using std::chrono::milliseconds;
  WatchOptions options;
  options.first_pause = milliseconds(1000);
  options.longest_pause = milliseconds(5000);
  std::set<milliseconds> seen;
  for (int watcher = 0; watcher < 50; ++watcher) {
    Position position(options);
    for (const int bound : {1000, 2000, 4000, 5000, 5000}) {
      const milliseconds pause = position.pause();
      EXPECT_GE(pause, milliseconds(0));
      EXPECT_LE(pause, milliseconds(bound));
      seen.insert(pause);
    }
    v1::WatchSchemasResponse message;
    message.mutable_progress();
    position.accept(message);
    EXPECT_LE(position.pause(), milliseconds(1000));
  }
  EXPECT_GT(seen.size(), 100u) << "watchers must spread out";
  EXPECT_GT(*seen.rbegin(), milliseconds(2000));
}

TEST(PositionTest, TellsAChangeOfStateWithWhatIsTheLatestThen) {
  Position position(WatchOptions{});
  v1::WatchSchemasResponse message;
  message.set_revision(7);
  message.mutable_state_change()->set_id("a_v1");
  message.mutable_state_change()->set_version("2.0.0");
  message.mutable_state_change()->set_state("retracted");
  message.mutable_state_change()->set_state_reason("a typo");
  message.set_latest_version("1.0.0");
  message.mutable_latest()->set_id("a_v1");
  message.mutable_latest()->set_version("1.0.0");
  message.mutable_latest()->set_state("deprecated");
  message.mutable_latest()->set_state_reason("it ends");
  message.mutable_latest()->mutable_sunset()->set_seconds(1'801'353'600);
  message.set_document("{}");
  const auto event = position.accept(message);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, Event::Kind::state);
  EXPECT_EQ(event->schema.version, "2.0.0");
  EXPECT_EQ(event->schema.document, "");
  EXPECT_FALSE(event->is_latest);
  EXPECT_EQ(event->latest.version, "1.0.0");
  EXPECT_EQ(event->latest.document, "{}");
  EXPECT_EQ(event->schema.notice(), "a_v1 2.0.0 is retracted: a typo.");
  EXPECT_EQ(event->latest.notice(), "a_v1 1.0.0 is deprecated: it ends. It may be withdrawn from 2027-01-31 on.");
}

TEST(PositionTest, TakesAVersionOfARegistryWithoutStatesForActive) {
  Position position(WatchOptions{});
  v1::WatchSchemasResponse message;
  message.set_revision(7);
  message.mutable_change()->set_version("1.0.0");
  const auto event = position.accept(message);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->schema.state, "active");
  EXPECT_EQ(event->schema.notice(), "");
}

/// The error that a watch ended with.
class Ended {
 public:
  Watch::OnEnd on_end() {
    return [this](const Error& error) {
      const std::lock_guard lock(mutex_);
      error_ = error;
      changed_.notify_all();
    };
  }
  std::optional<Error> wait() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return error_.has_value(); });
    return error_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Error> error_;
};

TEST(WatchTest, EndsWhereTheStoreNeverReachedTheRevision) {
  const RegistryProcess registry;
  WatchOptions options;
  options.after_revision = 1'000'000'000;
  Ended ended;
  const auto watch = Client::open(registry.client_options())
                         ->watch(
                             options, [](const Event&) {}, ended.on_end());
  const auto error = ended.wait();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Code::out_of_range) << error->message;
  EXPECT_TRUE(watch->failure());
}

TEST(WatchTest, EndsWhereNoRegistryWasEverReached) {
  const RegistryProcess registry;
  ClientOptions options = registry.client_options();
  options.target = "localhost:1";
  Ended ended;
  const auto watch = Client::open(options)->watch(
      {}, [](const Event&) {}, ended.on_end());
  const auto error = ended.wait();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Code::unavailable);
}

TEST(WatchTest, EndsWithWhatItsHandlerThrows) {
  const RegistryProcess registry;
  Ended ended;
  const auto watch = Client::open(registry.client_options())
                         ->watch(
                             {}, [](const Event&) { throw std::runtime_error("full"); }, ended.on_end());
  const auto error = ended.wait();
  ASSERT_TRUE(error);
  EXPECT_NE(error->message.find("full"), std::string::npos);
}

}  // namespace
}  // namespace schemaregistry::testing
