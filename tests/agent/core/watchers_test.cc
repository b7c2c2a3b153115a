#include "agent/core/watchers.h"

#include <gmock/gmock.h>

#include "tests/agent/core/profile_fixture.h"

namespace libretto {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::HasCode;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// Writes down what it is told.
class Recorder final : public WatchSink {
 public:
  void OnValue(const Credential& credential) override {
    heard.push_back(credential.name + "=" +
                    std::string(credential.value.Reveal()));
    generations.push_back(credential.generation);
  }
  void OnGone(const CredentialName& name) override {
    heard.push_back(name.text() + " is gone");
  }
  void OnSettled() override { heard.emplace_back("settled"); }
  void OnOver(const Status& why) override { over = why; }

  std::vector<std::string> Take() { return std::exchange(heard, {}); }

  std::vector<std::string> heard;
  std::vector<std::uint64_t> generations;
  std::optional<Status> over;
};

class WatchersTest : public testing::ProfileTest {
 protected:
  WatchersTest() {
    cloud_.Set("username", "alice");
    cloud_.Set("password", "hunter2");
    SignIn();
  }

  std::uint64_t Watch(const std::vector<std::string>& names) {
    std::vector<CredentialName> parsed;
    for (const std::string& name : names) parsed.push_back(Name(name));
    const std::uint64_t id =
        profile_.watchers.Start(std::move(parsed), recorder_);
    Settle();
    return id;
  }

  // Everything that is due, until nothing is.
  void Settle() {
    for (int i = 0; i < 10; ++i) {
      cloud_.Deliver();
      profile_.syncer.Tick();
      cloud_.Deliver();
      profile_.watchers.Tick();
    }
    EXPECT_EQ(profile_.watchers.NextDeadline(), std::nullopt);
  }

  void PassTheInterval() {
    clock_.Advance(seconds(30));
    Settle();
  }

  Recorder recorder_;
};

TEST_F(WatchersTest, WhatIsComesFirst) {
  Watch({"username", "missing"});
  EXPECT_THAT(
      recorder_.Take(),
      UnorderedElementsAre("username=alice", "missing is gone", "settled"));
  EXPECT_EQ(recorder_.over, std::nullopt);
}

TEST_F(WatchersTest, AChangeAtTheCloudArrivesWithTheNextList) {
  Watch({"username", "password"});
  recorder_.Take();
  cloud_.Set("username", "bob");
  Settle();
  EXPECT_THAT(recorder_.Take(), IsEmpty());
  PassTheInterval();
  EXPECT_THAT(recorder_.Take(), ElementsAre("username=bob"));
}

TEST_F(WatchersTest, AsLongAsSomebodyWatchesListsAreMade) {
  const std::uint64_t id = Watch({"username"});
  const int before = cloud_.Count("List");
  for (int i = 0; i < 3; ++i) PassTheInterval();
  EXPECT_EQ(cloud_.Count("List"), before + 3);
  profile_.watchers.Cancel(id);
  PassTheInterval();  // what was asked for before
  const int after = cloud_.Count("List");
  for (int i = 0; i < 3; ++i) PassTheInterval();
  EXPECT_EQ(cloud_.Count("List"), after);
}

TEST_F(WatchersTest, AWriteThroughTheAgentArrivesAtOnce) {
  Watch({"username"});
  recorder_.Take();
  profile_.broker.Upsert(Name("username"), SecretBytes::CopyOf("carol"),
                         [](const StatusOr<Upserted>&) {});
  Settle();
  EXPECT_THAT(recorder_.Take(), ElementsAre("username=carol"));
}

TEST_F(WatchersTest, OneThatAppearsGoesAndComesBackIsToldEachTime) {
  Watch({"late"});
  EXPECT_THAT(recorder_.Take(), ElementsAre("late is gone", "settled"));
  cloud_.Set("late", "1");
  PassTheInterval();
  EXPECT_THAT(recorder_.Take(), ElementsAre("late=1"));
  cloud_.credentials.erase("late");
  PassTheInterval();
  EXPECT_THAT(recorder_.Take(), ElementsAre("late is gone"));
  PassTheInterval();
  EXPECT_THAT(recorder_.Take(), IsEmpty());
  cloud_.Set("late", "1");
  PassTheInterval();
  EXPECT_THAT(recorder_.Take(), ElementsAre("late=1"));
}

TEST_F(WatchersTest, TheSameValueAgainIsNoNews) {
  Watch({"username"});
  recorder_.Take();
  cloud_.Set("username", "alice");
  PassTheInterval();
  profile_.cache.DropValue(Name("username"));
  PassTheInterval();
  EXPECT_THAT(recorder_.Take(), IsEmpty());
}

TEST_F(WatchersTest, GenerationsGrow) {
  Watch({"username"});
  cloud_.Set("username", "bob");
  PassTheInterval();
  ASSERT_EQ(recorder_.generations.size(), 2U);
  EXPECT_LT(recorder_.generations[0], recorder_.generations[1]);
}

TEST_F(WatchersTest, AChangeWhileAFetchIsInFlightIsNotMissed) {
  Watch({"username"});
  recorder_.Take();
  profile_.cache.DropValue(Name("username"));
  ListNow();
  profile_.watchers.Tick();  // asks, and the answer waits in the cloud
  profile_.broker.Upsert(Name("username"), SecretBytes::CopyOf("carol"),
                         [](const StatusOr<Upserted>&) {});
  Settle();
  const std::vector<std::string> heard = recorder_.Take();
  ASSERT_FALSE(heard.empty());
  EXPECT_EQ(heard.back(), "username=carol");
}

TEST_F(WatchersTest, LoggingOutEndsIt) {
  Watch({"username"});
  profile_.session.SignOut();
  Settle();
  ASSERT_TRUE(recorder_.over.has_value());
  EXPECT_THAT(*recorder_.over, HasCode(StatusCode::kUnauthenticated));
}

TEST_F(WatchersTest, AnotherAccountEndsIt) {
  Watch({"username"});
  recorder_.Take();
  profile_.session.SignOut();
  SignIn();
  cloud_.Set("username", "not for the old account's watcher");
  Settle();
  ASSERT_TRUE(recorder_.over.has_value());
  EXPECT_THAT(*recorder_.over, HasCode(StatusCode::kAborted));
  EXPECT_THAT(recorder_.Take(), IsEmpty());
}

TEST_F(WatchersTest, WithNobodySignedInItEndsAtOnce) {
  profile_.session.SignOut();
  Watch({"username"});
  ASSERT_TRUE(recorder_.over.has_value());
  EXPECT_THAT(*recorder_.over, HasCode(StatusCode::kUnauthenticated));
}

TEST_F(WatchersTest, ACloudThatIsAwayForAWhileEndsNothing) {
  Watch({"username"});
  recorder_.Take();
  cloud_.offline = true;
  cloud_.Set("username", "bob");
  PassTheInterval();
  EXPECT_EQ(recorder_.over, std::nullopt);
  cloud_.offline = false;
  clock_.Advance(std::chrono::minutes(5));
  Settle();
  PassTheInterval();
  EXPECT_THAT(recorder_.Take(), ElementsAre("username=bob"));
}

TEST_F(WatchersTest, WhoHasLeftHearsNothing) {
  const std::uint64_t id = Watch({"username"});
  recorder_.Take();
  profile_.watchers.Cancel(id);
  cloud_.Set("username", "bob");
  PassTheInterval();
  EXPECT_THAT(recorder_.Take(), IsEmpty());
}

}  // namespace
}  // namespace libretto
