// What the Broker serves from memory, for how long, and what it calls it.
#include <algorithm>
#include <array>

#include "agent/core/broker.h"
#include "tests/agent/core/profile_fixture.h"

namespace libretto {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;
using testing::Result;
using Source = Credential::Source;

constexpr Freshness kFresh{std::nullopt, true};

class BrokerFreshnessTest : public testing::ProfileTest {
 protected:
  BrokerFreshnessTest() {
    cloud_.Set("username", "alice");
    cloud_.Set("password", "hunter2");
    SignIn();
    ListNow();
  }

  void Get(Result<Credential>& result, const Freshness& wanted = {}) {
    profile_.broker.Get(Name("username"), wanted, result.Into());
  }
  // Answered from memory, before the cloud has said anything.
  Source SourceAtOnce() {
    Result<Credential> result;
    Get(result);
    return result.arrived() ? result.value().source : Source::kCloud;
  }
  StatusOr<std::string> Read(const Freshness& wanted) {
    Result<Credential> result;
    Get(result, wanted);
    cloud_.Deliver();
    if (!result.get().ok()) return result.get().status();
    return std::string(result.value().value.Reveal());
  }
  Status Upsert(std::string_view name, std::string_view value) {
    Result<Upserted> written;
    profile_.broker.Upsert(Name(name), SecretBytes::CopyOf(value),
                           written.Into());
    cloud_.Deliver();
    return written.get().status();
  }
  int Fetches() const { return cloud_.Count("Fetch username"); }
};

TEST_F(BrokerFreshnessTest, EachAnswerCarriesAgeSourceAndGeneration) {
  Result<Credential> cold;
  Get(cold);
  clock_.Advance(milliseconds(20));
  cloud_.Deliver();
  EXPECT_EQ(cold.value().source, Source::kCloud);
  EXPECT_EQ(cold.value().age, milliseconds(20));  // since it was asked
  clock_.Advance(seconds(5));
  Result<Credential> warm;
  Get(warm);
  EXPECT_EQ(warm.value().source, Source::kMemory);
  EXPECT_EQ(warm.value().age, milliseconds(5020));
  EXPECT_EQ(warm.value().generation, cold.value().generation);
  EXPECT_GT(warm.value().generation, 0U);
}

TEST_F(BrokerFreshnessTest, PastTheIntervalItIsAnsweredAtOnceAndCheckedBehind) {
  Ask("username");
  cloud_.Set("username", "bob");
  clock_.Advance(seconds(60));
  EXPECT_EQ(SourceAtOnce(), Source::kMemory);
  EXPECT_EQ(profile_.syncer.NextDeadline(), clock_.Now());
  Tick();
  EXPECT_EQ(Ask("username"), "bob");
  EXPECT_EQ(Fetches(), 2);
}

TEST_F(BrokerFreshnessTest, WhatNobodyConfirmedForTooLongIsCalledStale) {
  Ask("username");
  clock_.Advance(seconds(330));
  EXPECT_EQ(SourceAtOnce(), Source::kMemory);
  clock_.Advance(seconds(1));
  EXPECT_EQ(SourceAtOnce(), Source::kStale);
  Tick();
  EXPECT_EQ(SourceAtOnce(), Source::kMemory);
}

TEST_F(BrokerFreshnessTest, MaxAgeBoundsWhatIsAccepted) {
  Ask("username");
  clock_.Advance(seconds(10));
  EXPECT_EQ(*Read({seconds(10), false}), "alice");
  EXPECT_EQ(Fetches(), 1);
  EXPECT_EQ(*Read({seconds(9), false}), "alice");
  EXPECT_EQ(Fetches(), 2);
}

TEST_F(BrokerFreshnessTest, FreshAsksTheCloudFirst) {
  Ask("username");
  cloud_.Set("username", "bob");  // no list has said so yet
  EXPECT_EQ(Ask("username"), "alice");
  EXPECT_EQ(*Read(kFresh), "bob");
  EXPECT_EQ(Ask("username"), "bob");
}

TEST_F(BrokerFreshnessTest, OfflineFreshIsStaleAndMaxAgeIsRefused) {
  Ask("username");
  cloud_.offline = true;
  clock_.Advance(seconds(10));
  Result<Credential> fresh;
  Get(fresh, kFresh);
  cloud_.Deliver();
  EXPECT_EQ(fresh.value().source, Source::kStale);
  EXPECT_EQ(fresh.value().age, seconds(10));
  clock_.Advance(seconds(1));
  const auto bounded = Read({seconds(1), false});
  EXPECT_THAT(bounded, HasCode(StatusCode::kUnavailable));
  EXPECT_THAT(bounded, MessageHas("too old"));
}

TEST_F(BrokerFreshnessTest, FreshCallersShareTheFetchThatBeginsAfterThem) {
  Result<Credential> early;
  Get(early);
  cloud_.Set("username", "bob");
  clock_.Advance(milliseconds(1));
  std::vector<Result<Credential>> fresh(50);
  for (auto& result : fresh) Get(result, kFresh);
  EXPECT_EQ(Fetches(), 1);
  cloud_.DeliverFirst();
  EXPECT_EQ(early.value().value.Reveal(), "alice");
  EXPECT_FALSE(fresh[0].arrived());
  cloud_.Deliver();
  for (const auto& result : fresh) {
    EXPECT_EQ(result.value().value.Reveal(), "bob");
  }
  EXPECT_EQ(Fetches(), 2);
}

TEST_F(BrokerFreshnessTest, AFetchThatAWriteOvertookHasAGenerationToo) {
  Result<Credential> overtaken;
  Get(overtaken);
  Result<Upserted> written;
  profile_.broker.Upsert(Name("username"), SecretBytes::CopyOf("bob"),
                         written.Into());
  cloud_.DeliverLast();
  Result<Credential> after;
  Get(after);
  cloud_.DeliverLast();  // the later fetch comes back first
  cloud_.Deliver();
  EXPECT_GT(overtaken.value().generation, 0U);
  EXPECT_LT(overtaken.value().generation, after.value().generation);
}

TEST_F(BrokerFreshnessTest, TheGenerationGrowsOverARestart) {
  Result<Credential> before;
  Get(before);
  cloud_.Deliver();
  clock_.Advance(seconds(1));
  Profile restarted{Options(), {cloud_, cloud_, cloud_, cloud_},
                    breakers_, journal_,
                    store_,    snapshots_,
                    clock_};
  restarted.session.SignIn(profile_.session.account().Clone());
  Result<Credential> after;
  restarted.broker.Get(Name("username"), after.Into());
  cloud_.Deliver();
  EXPECT_LT(before.value().generation, after.value().generation);
}

TEST_F(BrokerFreshnessTest, AMissIsRememberedForSeconds) {
  Ask("token");
  EXPECT_THAT(AskStatus("token"), HasCode(StatusCode::kNotFound));
  EXPECT_EQ(cloud_.Count("Fetch token"), 1);
  cloud_.Set("token", "t");
  clock_.Advance(Broker::kAbsentFor);
  EXPECT_EQ(Ask("token"), "t");
}

TEST_F(BrokerFreshnessTest, AMissIsNotRememberedAcrossAWrite) {
  Ask("token");
  ASSERT_THAT(Upsert("token", "t"), IsOk());
  EXPECT_EQ(Ask("token"), "t");
}

TEST_F(BrokerFreshnessTest, AMissFromBeforeAWriteIsNotRememberedAfterIt) {
  Result<Credential> before;
  profile_.broker.Get(Name("token"), before.Into());
  Result<Upserted> written;
  profile_.broker.Upsert(Name("token"), SecretBytes::CopyOf("t"),
                         written.Into());
  cloud_.DeliverLast();
  cloud_.Deliver();
  EXPECT_THAT(before.get(), HasCode(StatusCode::kNotFound));
  EXPECT_EQ(Ask("token"), "t");
}

TEST_F(BrokerFreshnessTest, AMissEndsWithAListAndWithAnotherAccount) {
  Ask("token");
  cloud_.Set("token", "t");
  ListNow();
  EXPECT_EQ(Ask("token"), "t");
  Ask("other");
  cloud_.Set("other", "o");
  SignIn();
  EXPECT_EQ(Ask("other"), "o");
}

TEST_F(BrokerFreshnessTest, FreshDoesNotBelieveARememberedMiss) {
  cloud_.credentials.erase("username");
  EXPECT_THAT(Read(kFresh), HasCode(StatusCode::kNotFound));
  cloud_.Set("username", "bob");
  EXPECT_EQ(*Read(kFresh), "bob");
}

TEST_F(BrokerFreshnessTest, AWriteThatCouldNotBeSentLosesNothing) {
  Ask("username");
  cloud_.offline = true;
  EXPECT_THAT(Upsert("username", "bob"), HasCode(StatusCode::kUnavailable));
  clock_.Advance(seconds(1));
  EXPECT_EQ(Ask("username"), "alice");
  cloud_.offline = false;
  clock_.Advance(seconds(60));
  // It may have happened after all, so it is not taken for right.
  cloud_.Set("username", "bob");
  EXPECT_EQ(Ask("username"), "bob");
}

TEST_F(BrokerFreshnessTest, OfWritersAndAReaderTheLoserNeverStays) {
  // In whatever order the answers of the three come back.
  std::array<int, 3> order = {0, 1, 2};
  do {
    Result<Upserted> first;
    Result<Credential> between;
    Result<Upserted> second;
    profile_.broker.Upsert(Name("username"), SecretBytes::CopyOf("first"),
                           first.Into());
    Get(between, kFresh);
    profile_.broker.Upsert(Name("username"), SecretBytes::CopyOf("second"),
                           second.Into());
    ASSERT_EQ(cloud_.pending(), 3U);
    std::vector<int> left = {0, 1, 2};
    for (const int answer : order) {
      const auto place = std::find(left.begin(), left.end(), answer);
      cloud_.DeliverAt(static_cast<std::size_t>(place - left.begin()));
      left.erase(place);
    }
    EXPECT_EQ(Ask("username"), "second");
    ListNow();
    Tick();
    EXPECT_EQ(Ask("username"), "second");
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(BrokerFreshnessTest, WhatIsDeletedIsNotListedAnyMoreNotEvenOffline) {
  profile_.broker.Delete(Name("username"), [](const Status&) {});
  cloud_.Deliver();
  cloud_.offline = true;
  Result<Listing> list;
  profile_.broker.List(list.Into());
  cloud_.Deliver();
  ASSERT_EQ(list.value().credentials.size(), 1U);
  EXPECT_EQ(list.value().credentials[0].name, "password");
  EXPECT_THAT(list.value().stale_because, HasCode(StatusCode::kUnavailable));
}

TEST_F(BrokerFreshnessTest, AListIsNotServedPastTheOfflineLimitEither) {
  cloud_.offline = true;
  clock_.Advance(hours(24) + seconds(1));
  Result<Listing> list;
  profile_.broker.List(list.Into());
  cloud_.Deliver();
  EXPECT_THAT(list.get(), HasCode(StatusCode::kUnavailable));
}

TEST_F(BrokerFreshnessTest, PastTheOfflineLimitItSaysWhy) {
  Ask("username");
  cloud_.offline = true;
  clock_.Advance(hours(24) + seconds(1));
  const Status status = AskStatus("username");
  EXPECT_THAT(status, HasCode(StatusCode::kUnavailable));
  EXPECT_THAT(status, MessageHas("what is in memory is too old"));
}

TEST_F(BrokerFreshnessTest, AWaitThatTheCloudAsksForHoldsForEveryCaller) {
  cloud_.refusal = Throttled("the cloud asks to wait", seconds(30));
  EXPECT_THAT(AskStatus("username"), HasCode(StatusCode::kResourceExhausted));
  const std::size_t requests = cloud_.requests.size();
  cloud_.refusal = OkStatus();
  for (const char* name : {"username", "password"}) {
    const Status status = AskStatus(name);
    EXPECT_THAT(status, HasCode(StatusCode::kResourceExhausted));
    EXPECT_EQ(WaitOf(status), seconds(30));
  }
  EXPECT_THAT(Upsert("username", "bob"),
              HasCode(StatusCode::kResourceExhausted));
  EXPECT_EQ(cloud_.requests.size(), requests);
  clock_.Advance(seconds(30));
  EXPECT_EQ(Ask("username"), "alice");
}

TEST_F(BrokerFreshnessTest, WhileTheCloudAsksToWaitWhatIsHeldIsServed) {
  Ask("username");
  cloud_.Set("username", "bob");
  ListNow();
  cloud_.refusal = Throttled("the cloud asks to wait", seconds(30));
  Result<Credential> result;
  Get(result);
  cloud_.Deliver();
  EXPECT_EQ(result.value().value.Reveal(), "alice");
  EXPECT_EQ(result.value().source, Source::kStale);
}

TEST_F(BrokerFreshnessTest, ABrokenCloudIsNotAskedByEveryCaller) {
  Ask("password");
  cloud_.refusal = Offline("the cloud failed: 500");
  for (int i = 0; i < 3; ++i) {
    Ask("username");
    clock_.Advance(*profile_.broker.breaker()->next_try() - clock_.Now());
  }
  Ask("username");
  const int fetches = Fetches();
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(AskStatus("username"), HasCode(StatusCode::kUnavailable));
  }
  EXPECT_EQ(Fetches(), fetches);
}

TEST_F(BrokerFreshnessTest, RecoveryNeedsNoCommand) {
  Ask("username");
  cloud_.offline = true;
  clock_.Advance(seconds(30));
  EXPECT_EQ(SourceAtOnce(), Source::kMemory);
  Tick();
  EXPECT_EQ(SourceAtOnce(), Source::kStale);
  cloud_.offline = false;
  // That call is reason enough to look again, no later than the back-off says.
  clock_.Advance(*profile_.syncer.NextDeadline() - clock_.Now());
  Tick();
  EXPECT_EQ(SourceAtOnce(), Source::kMemory);
  EXPECT_EQ(profile_.broker.counters().offline_since, std::nullopt);
}

}  // namespace
}  // namespace libretto
