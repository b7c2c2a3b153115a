#include "agent/core/syncer.h"

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
  EXPECT_EQ(profile_.syncer.NextDeadline(), std::nullopt);
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
            (std::vector<seconds>{seconds(30), seconds(60), seconds(120),
                                  seconds(240), seconds(300), seconds(300)}));
}

TEST_F(SyncerTest, ASyncOfAnUnreachableCloudFails) {
  ListNow();
  cloud_.offline = true;
  Result<Syncer::Progress> done;
  profile_.syncer.Sync([](const Syncer::Progress&) {}, done.Into());
  cloud_.Deliver();
  EXPECT_THAT(done.get(), HasCode(StatusCode::kUnavailable));
}

}  // namespace
}  // namespace libretto
