// When a snapshot is written, and when it is removed.
#include "agent/core/cache_snapshot.h"
#include "tests/agent/core/restart_fixture.h"

namespace libretto {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::FakeCloud;
using testing::IsOk;
using testing::kRight;
using testing::Outcome;
using testing::Result;

using WrittenSnapshotTest = testing::RestartTest;

TEST_F(WrittenSnapshotTest, NoValueOrNameIsInIt) {
  Warm();
  StopCleanly();
  ASSERT_TRUE(disk().file.has_value());
  for (const char* text : {"alice", "username", "user", "cloud.test"}) {
    EXPECT_EQ(disk().file->find(text), std::string::npos) << text;
  }
}

TEST_F(WrittenSnapshotTest, WithoutAPassphraseThereIsNone) {
  List();
  EXPECT_EQ(Read(), "alice");
  Advance(hours(1));
  StopCleanly();
  EXPECT_FALSE(disk().file.has_value());
  // Nor is one used that lies there.
  disk().file = "LBRSEALC";
  Start();
  EXPECT_TRUE(disk().reports.empty());
}

TEST_F(WrittenSnapshotTest, ItIsWrittenSomeTimeAfterAChange) {
  Warm();
  // Long after the start.
  Advance(minutes(1));
  EXPECT_EQ(disk().saves, 1);
  EXPECT_EQ(Read("password"), "secret");
  Tick();
  Advance(CacheSnapshot::kAfterChange - seconds(1));
  EXPECT_EQ(disk().saves, 1);
  Advance(seconds(1));
  EXPECT_EQ(disk().saves, 2);
  Kill();
  cloud_.offline = true;
  StartAndUnlock();
  EXPECT_EQ(Read("password"), "secret");
}

TEST_F(WrittenSnapshotTest, WhatIsOnlyConfirmedIsWrittenSeldom) {
  Warm();
  Advance(minutes(1));
  Tick();
  const int before = disk().saves;
  for (int i = 0; i < 19; ++i) {
    EXPECT_EQ(Read(), "alice");
    Advance(seconds(30));
  }
  EXPECT_EQ(disk().saves, before);
  EXPECT_EQ(Read(), "alice");
  Advance(seconds(30));
  EXPECT_EQ(disk().saves, before + 1);
}

TEST_F(WrittenSnapshotTest, ALargeOneIsWrittenMoreSeldom) {
  Warm();
  cloud_.Set("large", std::string(5 << 20, 'x'));
  Read("large");
  Advance(minutes(1));
  ASSERT_EQ(disk().saves, 1);
  EXPECT_EQ(Read("password"), "secret");
  Advance(CacheSnapshot::kAfterChange);
  EXPECT_EQ(disk().saves, 1);
  Advance(CacheSnapshot::kAfterChange);
  EXPECT_EQ(disk().saves, 2);
}

TEST_F(WrittenSnapshotTest, ALockWritesItAndAnUnlockDoesNot) {
  Warm();
  LockIt();
  EXPECT_EQ(disk().saves, 1);
  Advance(hours(1));
  EXPECT_EQ(disk().saves, 1);
  Unlock();
  LockIt();
  EXPECT_EQ(disk().saves, 1);
  Kill();
  cloud_.offline = true;
  StartAndUnlock();
  EXPECT_EQ(Read(), "alice");
}

TEST_F(WrittenSnapshotTest, OneThatIsBeingWrittenHoldsBackTheNext) {
  Warm();
  disk().held = true;
  Advance(minutes(1));
  EXPECT_EQ(Read("password"), "secret");
  Advance(minutes(1));
  EXPECT_FALSE(disk().file.has_value());
  disk().held = false;
  disk().Write();
  Tick();
  EXPECT_EQ(disk().saves, 2);
}

TEST_F(WrittenSnapshotTest, AStopWritesWhatWasNotWrittenYet) {
  Warm();
  disk().held = true;
  profile().snapshot.Save();
  StopCleanly();
  EXPECT_EQ(disk().saves, 1);
}

TEST_F(WrittenSnapshotTest, AFullDiskIsReportedOnceAndTriedAgain) {
  Warm();
  disk().full_disk = true;
  for (int i = 0; i < 5; ++i) Advance(minutes(1));
  EXPECT_EQ(disk().reports.size(), 1U);
  disk().full_disk = false;
  Advance(minutes(1));
  EXPECT_EQ(disk().saves, 1);
}

// What removes it.
class RemovedSnapshotTest : public testing::RestartTest {
 protected:
  RemovedSnapshotTest() {
    Warm();
    Advance(minutes(1));
    EXPECT_TRUE(disk().file.has_value());
  }
  // Also later.
  void ExpectGone() {
    EXPECT_FALSE(disk().file.has_value());
    Advance(hours(1));
    if (agent_->lock.locked()) Unlock();
    EXPECT_FALSE(disk().file.has_value());
  }
};

TEST_F(RemovedSnapshotTest, ALogoutDoes) {
  Result<SignedOut> logout;
  profile().accounts.Logout(logout.Into());
  cloud_.Deliver();
  ExpectGone();
}

TEST_F(RemovedSnapshotTest, ForgettingDoes) {
  agent_->lock.Forget("of the test", [](const Status&) {});
  ExpectGone();
}

TEST_F(RemovedSnapshotTest, ForgettingWhileLockedDoes) {
  LockIt();
  agent_->lock.Forget("of the test", [](const Status&) {});
  ExpectGone();
}

TEST_F(RemovedSnapshotTest, APanicDoes) {
  EXPECT_EQ(Read("password"), "secret");
  const int saves = disk().saves;
  agent_->lock.Panic();
  EXPECT_EQ(disk().saves, saves);
  ExpectGone();
}

TEST_F(RemovedSnapshotTest, ForgettingReachesProfilesThatOnlyRestOnDisk) {
  storage_.sessions["work"].stored =
      storage_.sessions["default"].stored->Clone();
  storage_.snapshots["work"].file = "LBRSEALC";
  agent_->lock.Forget("of the test", [](const Status&) {});
  EXPECT_FALSE(storage_.snapshots["work"].file.has_value());
}

TEST_F(RemovedSnapshotTest, UnenrollingDoesAndEnrollingBringsItBack) {
  Outcome outcome;
  agent_->lock.Unenroll({SecretBytes::CopyOf(kRight)}, outcome.Into());
  ASSERT_THAT(outcome.get(), IsOk());
  EXPECT_EQ(Read(), "alice");
  ExpectGone();
  Enroll();
  Advance(minutes(1));
  EXPECT_TRUE(disk().file.has_value());
}

TEST_F(RemovedSnapshotTest, DiscardingThePassphraseDoes) {
  storage_.sessions["work"].stored =
      storage_.sessions["default"].stored->Clone();
  storage_.snapshots["work"].file = "LBRSEALC";
  ASSERT_THAT(agent_->lock.Discard(), IsOk());
  EXPECT_FALSE(storage_.snapshots["work"].file.has_value());
  ExpectGone();
}

TEST_F(RemovedSnapshotTest, AnotherLoginDoes) {
  Result<SignedInAs> login;
  profile().accounts.Login(FakeCloud::kUrl, "e", SecretBytes::CopyOf("right"),
                           login.Into());
  cloud_.Deliver();
  ASSERT_THAT(login.get(), IsOk());
  EXPECT_FALSE(disk().file.has_value());
}

TEST_F(RemovedSnapshotTest, AnotherLoginWhileLockedDoes) {
  LockIt();
  auto& session = storage_.sessions["default"];
  session.stored->cookie.text = SecretBytes::CopyOf("cookie=other");
  session.data_key.reset();
  Unlock();
  EXPECT_FALSE(disk().file.has_value());
}

TEST_F(RemovedSnapshotTest, TheEndOfTheSessionDoes) {
  cloud_.session_alive = false;
  Result<Identity> identity;
  profile().accounts.WhoAmI(/*check=*/true, identity.Into());
  cloud_.Deliver();
  ASSERT_EQ(profile().session.state(), Session::State::kEnded);
  LockIt();
  EXPECT_FALSE(disk().file.has_value());
}

TEST_F(RemovedSnapshotTest, AWriteDoesUntilTheNextIsDue) {
  profile().broker.Upsert(CredentialName::Parse("username").value(),
                          SecretBytes::CopyOf("bob"),
                          [](const StatusOr<Upserted>&) {});
  cloud_.Deliver();
  Tick();
  EXPECT_FALSE(disk().file.has_value());
  EXPECT_EQ(Read(), "bob");
  Advance(CacheSnapshot::kAfterChange);
  Kill();
  cloud_.offline = true;
  StartAndUnlock();
  EXPECT_EQ(Read(), "bob");
}

TEST_F(RemovedSnapshotTest, AWriteDoesThoughOneIsBeingWritten) {
  disk().held = true;
  EXPECT_EQ(Read("password"), "secret");
  Advance(minutes(1));
  profile().broker.Upsert(CredentialName::Parse("username").value(),
                          SecretBytes::CopyOf("bob"),
                          [](const StatusOr<Upserted>&) {});
  cloud_.Deliver();
  Tick();
  EXPECT_FALSE(disk().file.has_value());
}

TEST_F(RemovedSnapshotTest, AnEmptyCloudDoes) {
  cloud_.credentials.clear();
  List();
  Advance(minutes(1));
  EXPECT_FALSE(disk().file.has_value());
}

}  // namespace
}  // namespace libretto
