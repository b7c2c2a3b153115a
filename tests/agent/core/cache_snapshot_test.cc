// What an agent that was started again can serve.
#include "agent/core/cache_snapshot.h"

#include "tests/agent/core/restart_fixture.h"

namespace libretto {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::IsOk;
using testing::Result;

using CacheSnapshotTest = testing::RestartTest;

TEST_F(CacheSnapshotTest, ARestartedAgentServesOffline) {
  Warm();
  StopCleanly();
  cloud_.offline = true;
  clock_.Advance(minutes(10));
  StartAndUnlock();
  const auto credential = Get();
  ASSERT_THAT(credential, IsOk());
  EXPECT_EQ(credential->value.Reveal(), "alice");
  EXPECT_EQ(credential->source, Credential::Source::kStale);
  EXPECT_EQ(credential->age, minutes(10));
  EXPECT_EQ(cloud_.Count("Fetch username"), 1);
  EXPECT_FALSE(Get("password").ok());
  EXPECT_TRUE(disk().reports.empty());
}

TEST_F(CacheSnapshotTest, ARestartedAgentListsOffline) {
  Warm();
  StopCleanly();
  cloud_.offline = true;
  StartAndUnlock();
  Result<Listing> listing;
  profile().broker.List(listing.Into());
  cloud_.Deliver();
  ASSERT_THAT(listing.get(), IsOk());
  EXPECT_EQ(listing.value().credentials.size(), 2U);
  EXPECT_FALSE(listing.value().stale_because.ok());
}

TEST_F(CacheSnapshotTest, NothingIsThereBeforeTheUnlock) {
  Warm();
  StopCleanly();
  Start();
  EXPECT_EQ(profile().cache.entries(), 0U);
  EXPECT_EQ(Read(), "the agent is locked");
}

TEST_F(CacheSnapshotTest, TheFirstListConfirmsWithoutFetching) {
  Warm();
  StopCleanly();
  clock_.Advance(hours(1));
  StartAndUnlock();
  EXPECT_FALSE(
      profile().cache.HasCurrent(CredentialName::Parse("username").value()));
  Tick();
  const auto credential = Get();
  ASSERT_THAT(credential, IsOk());
  EXPECT_EQ(credential->source, Credential::Source::kMemory);
  EXPECT_EQ(credential->age, seconds(0));
  EXPECT_EQ(cloud_.Count("Fetch username"), 1);
}

TEST_F(CacheSnapshotTest, WhatHasChangedMeanwhileIsFetchedAgain) {
  Warm();
  StopCleanly();
  cloud_.Set("username", "bob");
  StartAndUnlock();
  Tick();
  EXPECT_EQ(Read(), "bob");
}

TEST_F(CacheSnapshotTest, BeforeTheFirstListTheCloudIsAsked) {
  Warm();
  StopCleanly();
  cloud_.Set("username", "bob");
  StartAndUnlock();
  const auto credential = Get();
  ASSERT_THAT(credential, IsOk());
  EXPECT_EQ(credential->value.Reveal(), "bob");
  EXPECT_EQ(credential->source, Credential::Source::kCloud);
}

TEST_F(CacheSnapshotTest, WhileTheCloudIsKnownToBeAwayItIsNotAsked) {
  Warm();
  StopCleanly();
  cloud_.offline = true;
  StartAndUnlock();
  EXPECT_EQ(Read(), "alice");
  const std::size_t asked = cloud_.requests.size();
  EXPECT_EQ(Read(), "alice");
  EXPECT_EQ(Get()->source, Credential::Source::kStale);
  EXPECT_EQ(cloud_.requests.size(), asked);
}

TEST_F(CacheSnapshotTest, AValueThatWasInDoubtStaysInDoubt) {
  Warm();
  cloud_.offline = true;
  profile().broker.Upsert(CredentialName::Parse("username").value(),
                          SecretBytes::CopyOf("bob"),
                          [](const StatusOr<Upserted>&) {});
  cloud_.Deliver();
  StopCleanly();
  StartAndUnlock();
  EXPECT_EQ(Get()->source, Credential::Source::kStale);
  cloud_.offline = false;
  Advance(minutes(2));
  EXPECT_EQ(cloud_.Count("Fetch username"), 2);
}

TEST_F(CacheSnapshotTest, AgesGoOnOverSeveralRestarts) {
  Warm();
  cloud_.offline = true;
  for (int i = 0; i < 3; ++i) {
    StopCleanly();
    clock_.Advance(hours(7));
    StartAndUnlock();
    EXPECT_EQ(Get()->age, hours(7) * (i + 1));
  }
  StopCleanly();
  clock_.Advance(hours(7));
  StartAndUnlock();
  EXPECT_EQ(Get().status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(profile().cache.values(), 0U);
}

TEST_F(CacheSnapshotTest, EachValueHasItsOwnAge) {
  Warm();
  clock_.Advance(hours(20));
  EXPECT_EQ(Read("password"), "secret");
  StopCleanly();
  cloud_.offline = true;
  clock_.Advance(hours(10));
  StartAndUnlock();
  EXPECT_EQ(profile().cache.values(), 1U);
  EXPECT_EQ(Read("password"), "secret");
  EXPECT_EQ(Get("password")->age, hours(10));
  EXPECT_FALSE(Get("username").ok());
}

TEST_F(CacheSnapshotTest, WhenTheClockIsBehindItEverythingIsTooOld) {
  Warm();
  StopCleanly();
  cloud_.offline = true;
  clock_.SetTimeOfDay(clock_.WallNow() - seconds(1));
  StartAndUnlock();
  EXPECT_FALSE(Get().ok());
  ASSERT_EQ(disk().reports.size(), 1U);
  EXPECT_THAT(disk().reports[0], ::testing::HasSubstr("the clock is behind"));
  // It may be the clock that is wrong.
  EXPECT_TRUE(disk().file.has_value());
}

TEST_F(CacheSnapshotTest, PastTheLimitItIsNotUsed) {
  Warm();
  StopCleanly();
  clock_.Advance(hours(25));
  StartAndUnlock();
  EXPECT_EQ(profile().cache.entries(), 0U);
  EXPECT_EQ(disk().reports.size(), 1U);
}

TEST_F(CacheSnapshotTest, GenerationsGrowOverARestart) {
  Warm();
  const std::uint64_t before = Get()->generation;
  StopCleanly();
  // Then the time of day alone would give smaller ones.
  clock_.SetTimeOfDay(clock_.WallNow() - hours(1));
  cloud_.Set("username", "bob");
  StartAndUnlock();
  EXPECT_EQ(Read(), "bob");
  EXPECT_GT(Get()->generation, before);
}

TEST_F(CacheSnapshotTest, GenerationsGrowOverARestartThatTakesNoTime) {
  Warm();
  EXPECT_EQ(Read("password"), "secret");
  const std::uint64_t before = Get("password")->generation;
  StopCleanly();
  cloud_.Set("username", "bob");
  StartAndUnlock();
  EXPECT_GT(Get()->generation, before);
}

TEST_F(CacheSnapshotTest, ARestoredValueKeepsItsGeneration) {
  Warm();
  const std::uint64_t before = Get()->generation;
  StopCleanly();
  cloud_.offline = true;
  StartAndUnlock();
  EXPECT_EQ(Get()->generation, before);
}

TEST_F(CacheSnapshotTest, WhatCannotBeUsedIsLeftAloneAndStopsNothing) {
  Warm();
  StopCleanly();
  const std::string good = *disk().file;
  std::string newer = good;
  newer[8] = '\2';
  std::string changed = good;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  for (const std::string& bad : {std::string(), std::string("nonsense"), newer,
                                 changed, good.substr(0, good.size() / 2)}) {
    disk().file = bad;
    disk().reports.clear();
    StartAndUnlock();
    EXPECT_EQ(disk().reports.size(), 1U);
    EXPECT_EQ(disk().file, bad);
    EXPECT_EQ(profile().cache.entries(), 0U);
    EXPECT_EQ(Read(), "alice");
    Kill();
  }
}

TEST_F(CacheSnapshotTest, OneThatCannotBeUsedIsReplaced) {
  Warm();
  StopCleanly();
  disk().file = "nonsense";
  StartAndUnlock();
  EXPECT_EQ(Read(), "alice");
  Advance(minutes(1));
  EXPECT_TRUE(disk().file->starts_with("LBRSEALC"));
}

TEST_F(CacheSnapshotTest, AnotherLoginGetsNothingOfIt) {
  Warm();
  StopCleanly();
  // As the public command would leave it: in the clear.
  auto& session = storage_.sessions["default"];
  session.stored->cookie.text = SecretBytes::CopyOf("cookie=other");
  session.data_key.reset();
  cloud_.offline = true;
  StartAndUnlock();
  EXPECT_EQ(profile().cache.entries(), 0U);
  EXPECT_EQ(disk().reports.size(), 1U);
  EXPECT_FALSE(Get().ok());
}

TEST_F(CacheSnapshotTest, TheOneOfAnotherProfileDoesNotOpen) {
  Warm();
  StopCleanly();
  // The same session, with the same key.
  auto& work = storage_.sessions["work"];
  work.stored = storage_.sessions["default"].stored->Clone();
  work.data_key = storage_.sessions["default"].data_key->Clone();
  storage_.snapshots["work"].file = disk().file;
  StartAndUnlock();
  std::unique_ptr<Profile> none;
  CallerContext caller;
  caller.profile = "work";
  Profile& other = *agent_->profiles.For(caller, none).value();
  ASSERT_THAT(other.accounts.Load(), IsOk());
  EXPECT_EQ(other.cache.entries(), 0U);
  EXPECT_EQ(storage_.snapshots["work"].reports.size(), 1U);
}

TEST_F(CacheSnapshotTest, TheOneOfAnotherAccountDoesNotOpen) {
  Warm();
  StopCleanly();
  storage_.sessions["default"].stored->user_id = "somebody else";
  StartAndUnlock();
  EXPECT_EQ(profile().cache.entries(), 0U);
  EXPECT_EQ(disk().reports.size(), 1U);
}

}  // namespace
}  // namespace libretto
