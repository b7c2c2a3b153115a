#include "agent/core/syncer.h"

#include <array>

#include "tests/agent/core/profile_fixture.h"

namespace libretto {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasCode;
using testing::IsOk;
using testing::Result;

class SyncerTest : public testing::ProfileTest {
 protected:
  SyncerTest() {
    cloud_.Set("username", "alice");
    cloud_.Set("password", "hunter2");
    SignIn();
  }
};

TEST_F(SyncerTest, WithoutCallersNothingIsDue) {
  EXPECT_EQ(profile_.syncer.NextDeadline(), std::nullopt);
}

TEST_F(SyncerTest, ACallMakesAListDue) {
  Ask("username");
  EXPECT_EQ(profile_.syncer.NextDeadline(), clock_.Now());
  Tick();
  EXPECT_EQ(cloud_.Count("List"), 1);
}

TEST_F(SyncerTest, WithoutCallersTheNextListTakesItsTime) {
  Ask("username");
  Tick();
  EXPECT_EQ(profile_.syncer.NextDeadline(), clock_.Now() + seconds(300));
  clock_.Advance(seconds(300));
  Tick();
  EXPECT_EQ(cloud_.Count("List"), 2);
  // A call brings the usual interval back.
  Ask("username");
  EXPECT_EQ(profile_.syncer.NextDeadline(), clock_.Now() + seconds(30));
}

TEST_F(SyncerTest, WhereNothingIsHeldNobodyListsWithoutCallers) {
  profile_.syncer.Hurry();
  Tick();
  EXPECT_EQ(cloud_.Count("List"), 1);
  EXPECT_EQ(profile_.syncer.NextDeadline(), std::nullopt);
}

TEST_F(SyncerTest, AfterASleepTheListIsMadeAtOnce) {
  Ask("username");
  Tick();
  clock_.Advance(seconds(1));
  profile_.syncer.Hurry();
  EXPECT_EQ(profile_.syncer.NextDeadline(), clock_.Now());
  Tick();
  EXPECT_EQ(cloud_.Count("List"), 2);
}

TEST_F(SyncerTest, TheNextListWaitsForTheInterval) {
  Ask("username");
  Tick();
  Ask("username");
  EXPECT_EQ(profile_.syncer.NextDeadline(), clock_.Now() + seconds(30));
  Tick();
  EXPECT_EQ(cloud_.Count("List"), 1);
  clock_.Advance(seconds(30));
  Tick();
  EXPECT_EQ(cloud_.Count("List"), 2);
}

TEST_F(SyncerTest, NothingChangedCostsOneRequest) {
  ListNow();
  Ask("username");
  const std::size_t before = cloud_.requests.size();
  clock_.Advance(seconds(30));
  Tick();
  EXPECT_EQ(cloud_.requests.size(), before + 1);
}

TEST_F(SyncerTest, OnlyWhatIsHeldAndChangedIsFetchedAgain) {
  ListNow();
  Ask("username");
  cloud_.Set("username", "bob");
  cloud_.Set("password", "hunter3");
  Tick();
  EXPECT_EQ(cloud_.Count("Fetch username"), 2);
  EXPECT_EQ(cloud_.Count("Fetch password"), 0);
  Result<Credential> warm;
  profile_.broker.Get(Name("username"), warm.Into());
  EXPECT_EQ(warm.value().value.Reveal(), "bob");
}

TEST_F(SyncerTest, AnExplicitSyncFetchesEverythingAndSaysHowFar) {
  std::vector<Syncer::Progress> steps;
  Result<Syncer::Progress> done;
  profile_.syncer.Sync(
      [&steps](const Syncer::Progress& step) { steps.push_back(step); },
      done.Into());
  cloud_.Deliver();
  ASSERT_THAT(done.get(), IsOk());
  EXPECT_EQ(done.value().known, 2U);
  EXPECT_EQ(done.value().total, 2U);
  EXPECT_EQ(done.value().done, 2U);
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps.front().done, 0U);
  EXPECT_EQ(Ask("password"), "hunter2");
  EXPECT_EQ(cloud_.Count("Fetch password"), 1);
}

TEST_F(SyncerTest, NoMoreThanTheLimitIsInFlight) {
  for (int i = 0; i < 100; ++i) cloud_.Set("c" + std::to_string(i), "v");
  ListNow();
  Result<Syncer::Progress> done;
  profile_.syncer.Sync([](const Syncer::Progress&) {}, done.Into());
  cloud_.DeliverFirst();  // the list
  EXPECT_EQ(cloud_.pending(), Syncer::kMaxInFlight);
  cloud_.Deliver();
  EXPECT_EQ(done.value().done, 102U);
}

TEST_F(SyncerTest, AnUnreachableCloudIsAskedLessAndLess) {
  Ask("username");
  cloud_.offline = true;
  std::vector<seconds> waits;
  for (int i = 0; i < 6; ++i) {
    Tick();
    Ask("username");
    const auto wait = profile_.syncer.NextDeadline().value() - clock_.Now();
    waits.push_back(std::chrono::duration_cast<seconds>(wait));
    clock_.Advance(wait);
  }
  EXPECT_EQ(waits,
            (std::vector<seconds>{seconds(1), seconds(2), seconds(4),
                                  seconds(8), seconds(16), seconds(32)}));
}

TEST_F(SyncerTest, ASyncOfAnUnreachableCloudFails) {
  ListNow();
  cloud_.offline = true;
  Result<Syncer::Progress> done;
  profile_.syncer.Sync([](const Syncer::Progress&) {}, done.Into());
  cloud_.Deliver();
  EXPECT_THAT(done.get(), HasCode(StatusCode::kUnavailable));
}

TEST_F(SyncerTest, ASyncWaitsOutWhatTheCloudAsksForAndGoesOn) {
  for (int i = 0; i < 100; ++i) cloud_.Set("c" + std::to_string(i), "v");
  ListNow();
  Result<Syncer::Progress> done;
  profile_.syncer.Sync([](const Syncer::Progress&) {}, done.Into());
  cloud_.DeliverFirst();  // the list
  for (int i = 0; i < 10; ++i) cloud_.DeliverFirst();
  cloud_.refusal = Throttled("slow down", seconds(20));
  cloud_.Deliver();
  EXPECT_FALSE(done.arrived());
  const std::size_t requests = cloud_.requests.size();
  clock_.Advance(seconds(19));
  Tick();
  EXPECT_EQ(cloud_.requests.size(), requests);
  cloud_.refusal = OkStatus();
  clock_.Advance(seconds(1));
  profile_.syncer.Tick();
  EXPECT_EQ(cloud_.pending(), 1U);  // the probe
  cloud_.Deliver();
  EXPECT_EQ(done.value().done, 102U);
}

TEST_F(SyncerTest, ASyncWhoseCallerLeavesEndsEvenWhileItPauses) {
  Result<Syncer::Progress> done;
  const std::uint64_t id =
      profile_.syncer.Sync([](const Syncer::Progress&) {}, done.Into());
  cloud_.DeliverFirst();  // the key
  cloud_.DeliverFirst();  // the list
  ASSERT_EQ(cloud_.pending(), 2U);
  cloud_.DeliverFirst();
  profile_.syncer.Cancel(id);
  EXPECT_FALSE(done.arrived());  // one fetch is still in flight
  cloud_.Deliver();
  EXPECT_THAT(done.get(), HasCode(StatusCode::kDeadlineExceeded));

  cloud_.Set("another", "v");
  Result<Syncer::Progress> paused;
  const std::uint64_t second =
      profile_.syncer.Sync([](const Syncer::Progress&) {}, paused.Into());
  cloud_.refusal = Throttled("slow down", seconds(3000));
  cloud_.Deliver();
  EXPECT_FALSE(paused.arrived());
  profile_.syncer.Cancel(second);
  EXPECT_THAT(paused.get(), HasCode(StatusCode::kDeadlineExceeded));
  profile_.syncer.Cancel(second);
}

TEST_F(SyncerTest, ASyncThatGetsNowhereFails) {
  ListNow();
  Result<Syncer::Progress> done;
  profile_.syncer.Sync([](const Syncer::Progress&) {}, done.Into());
  cloud_.DeliverFirst();
  cloud_.Deliver();
  ASSERT_THAT(done.get(), IsOk());
  Result<Syncer::Progress> again;
  cloud_.Set("username", "bob");
  profile_.syncer.Sync([](const Syncer::Progress&) {}, again.Into());
  cloud_.offline = true;
  cloud_.DeliverFirst();  // the list still came through
  for (int i = 0; i < Syncer::kMaxIdlePauses; ++i) {
    cloud_.Deliver();
    EXPECT_FALSE(again.arrived());
    clock_.Advance(seconds(60));
    profile_.syncer.Tick();
  }
  cloud_.Deliver();
  EXPECT_THAT(again.get(), HasCode(StatusCode::kUnavailable));
}

TEST_F(SyncerTest, ASecondSyncOfManySharesTheFetchesOfTheFirst) {
  for (int i = 0; i < 1000; ++i) cloud_.Set("c" + std::to_string(i), "v");
  ListNow();
  std::array<Result<Syncer::Progress>, 2> done;
  for (auto& result : done) {
    profile_.syncer.Sync([](const Syncer::Progress&) {}, result.Into());
  }
  cloud_.Deliver();
  for (const auto& result : done) EXPECT_EQ(result.value().done, 1002U);
  EXPECT_EQ(cloud_.Count("Fetch c7"), 1);
}

}  // namespace
}  // namespace libretto
