// Enrolling a passphrase, going back, and trying passphrases.
#include "tests/agent/core/lock_fixture.h"

namespace libretto {
namespace {

using std::chrono::milliseconds;
using testing::FakeCloud;
using testing::HasCode;
using testing::IsOk;
using testing::kRight;
using testing::LockTest;
using testing::MessageHas;
using testing::Outcome;

TEST_F(LockTest, WithoutAPassphraseThereIsNoLock) {
  SignIn();
  EXPECT_EQ(Ask(), "alice");
  EXPECT_THAT(LockIt(), HasCode(StatusCode::kPermissionDenied));
  EXPECT_THAT(LockIt(), MessageHas("no passphrase is enrolled"));
  EXPECT_THAT(Unlock(), HasCode(StatusCode::kPermissionDenied));
  EXPECT_EQ(Ask(), "alice");
}

TEST_F(LockTest, EnrollingSealsTheSessionAndChangesNothingElse) {
  SignIn();
  EXPECT_EQ(Ask(), "alice");
  ASSERT_THAT(Enroll(), IsOk());
  EXPECT_TRUE(storage_.sessions["default"].sealed);
  EXPECT_TRUE(lock_.enrolled());
  EXPECT_FALSE(lock_.locked());
  EXPECT_EQ(cloud_.Count("Fetch username"), 1);
  EXPECT_EQ(Ask(), "alice");
  EXPECT_EQ(cloud_.Count("Fetch username"), 1);
}

TEST_F(LockTest, EnrollingSealsProfilesThatOnlyRestOnDisk) {
  storage_.sessions["work"].stored = Account{
      {FakeCloud::kUrl, SecretBytes::CopyOf("cookie=w")}, "user", "w@e", ""};
  Enrolled();
  EXPECT_TRUE(storage_.sessions["work"].sealed);
}

TEST_F(LockTest, APassphraseIsSetOnce) {
  Enrolled();
  EXPECT_THAT(Enroll("another passphrase"),
              HasCode(StatusCode::kPermissionDenied));
  ASSERT_THAT(LockIt(), IsOk());
  EXPECT_THAT(Unlock(), IsOk());
}

TEST_F(LockTest, AShortPassphraseIsRefused) {
  EXPECT_THAT(Enroll("1234567"), HasCode(StatusCode::kInvalidArgument));
  EXPECT_FALSE(lock_.enrolled());
}

TEST_F(LockTest, AFullDiskEnrollsNothing) {
  SignIn();
  storage_.sessions["default"].full_disk = true;
  EXPECT_THAT(Enroll(), MessageHas("nothing was enrolled"));
  EXPECT_FALSE(lock_.enrolled());
  EXPECT_FALSE(storage_.sessions["default"].sealed);
  EXPECT_FALSE(disk_.file.has_value());
  EXPECT_EQ(Ask(), "alice");
}

TEST_F(LockTest, AnAgentWithAKeyOfItsEnvironmentIsNotEnrolled) {
  profile().session.UseApiKey({FakeCloud::kUrl, SecretBytes::CopyOf("k")});
  EXPECT_THAT(Enroll(), MessageHas("LIBRETTO_API_KEY"));
  EXPECT_FALSE(disk_.file.has_value());
}

TEST_F(LockTest, FiftyWrongPassphrasesTakeTwoMinutes) {
  Enrolled();
  ASSERT_THAT(LockIt(), IsOk());
  const TimePoint began = clock_.Now();
  for (int i = 0; i < 50; ++i) {
    ASSERT_THAT(Unlock("wrong"), HasCode(StatusCode::kUnauthenticated));
  }
  EXPECT_GE(clock_.Now() - began, std::chrono::seconds(120));
  EXPECT_LE(clock_.Now() - began, std::chrono::seconds(150));
  EXPECT_THAT(Unlock(), IsOk());
  EXPECT_EQ(disk_.failures, 0);
}

TEST_F(LockTest, NoDelayIsLongerThanTenSeconds) {
  Enrolled();
  ASSERT_THAT(LockIt(), IsOk());
  disk_.failures = 5000;
  ASSERT_THAT(lock_.Start(), IsOk());
  const TimePoint began = clock_.Now();
  ASSERT_THAT(Unlock("wrong"), HasCode(StatusCode::kUnauthenticated));
  EXPECT_EQ(clock_.Now() - began, std::chrono::seconds(20));
}

TEST_F(LockTest, TheDelaySurvivesARestart) {
  Enrolled();
  ASSERT_THAT(LockIt(), IsOk());
  for (int i = 0; i < 5; ++i) (void)Unlock("wrong");
  ASSERT_THAT(lock_.Start(), IsOk());
  const TimePoint began = clock_.Now();
  ASSERT_THAT(Unlock(), IsOk());
  EXPECT_EQ(clock_.Now() - began, milliseconds(500));
}

TEST_F(LockTest, AnAttemptCountsBeforeItsOutcomeIsKnown) {
  Enrolled();
  ASSERT_THAT(LockIt(), IsOk());
  worker_.held = true;
  lock_.Unlock(Typed("wrong"), [](const Status&) {});
  EXPECT_EQ(disk_.failures, 1);
}

TEST_F(LockTest, AttemptsAtOnceAreTriedOneAfterTheOther) {
  Enrolled();
  ASSERT_THAT(LockIt(), IsOk());
  Outcome wrong;
  Outcome also_wrong;
  Outcome right;
  worker_.held = true;
  lock_.Unlock(Typed("wrong 1"), wrong.Into());
  lock_.Unlock(Typed("wrong 2"), also_wrong.Into());
  lock_.Unlock(Typed(kRight), right.Into());
  EXPECT_EQ(worker_.waiting(), 1U);
  worker_.held = false;
  worker_.Work1();
  EXPECT_FALSE(wrong.arrived());
  clock_.Advance(milliseconds(100));
  lock_.Tick();
  EXPECT_THAT(wrong.get(), HasCode(StatusCode::kUnauthenticated));
  EXPECT_FALSE(also_wrong.arrived());
  clock_.Advance(milliseconds(200));
  lock_.Tick();
  EXPECT_THAT(also_wrong.get(), HasCode(StatusCode::kUnauthenticated));
  EXPECT_THAT(right.get(), IsOk());
}

TEST_F(LockTest, TooManyAttemptsAtOnceAreRefused) {
  Enrolled();
  ASSERT_THAT(LockIt(), IsOk());
  worker_.held = true;
  std::vector<Outcome> outcomes(Lock::kMaxWaiting + 2);
  for (Outcome& outcome : outcomes) {
    lock_.Unlock(Typed("wrong"), outcome.Into());
  }
  EXPECT_THAT(outcomes.back().get(), HasCode(StatusCode::kResourceExhausted));
  EXPECT_GE(WaitOf(outcomes.back().get()), std::chrono::seconds(1));
  EXPECT_FALSE(outcomes.front().arrived());
  worker_.held = false;
  worker_.Work1();
  lock_.Stop();
  for (const Outcome& outcome : outcomes) EXPECT_TRUE(outcome.arrived());
}

TEST_F(LockTest, UnenrollingGoesBack) {
  Enrolled();
  EXPECT_EQ(Ask(), "alice");
  Outcome wrong;
  lock_.Unenroll(Typed("wrong"), wrong.Into());
  WaitFor(wrong);
  EXPECT_THAT(wrong.get(), HasCode(StatusCode::kUnauthenticated));
  EXPECT_TRUE(storage_.sessions["default"].sealed);
  Outcome right;
  lock_.Unenroll(Typed(kRight), right.Into());
  ASSERT_THAT(right.get(), IsOk());
  EXPECT_FALSE(lock_.enrolled());
  EXPECT_FALSE(storage_.sessions["default"].sealed);
  EXPECT_FALSE(disk_.file.has_value());
  EXPECT_EQ(Ask(), "alice");
  EXPECT_EQ(cloud_.Count("Fetch username"), 1);
}

TEST_F(LockTest, ALockedAgentCanBeUnenrolled) {
  Enrolled();
  ASSERT_THAT(LockIt(), IsOk());
  Outcome right;
  lock_.Unenroll(Typed(kRight), right.Into());
  ASSERT_THAT(right.get(), IsOk());
  EXPECT_FALSE(lock_.locked());
  EXPECT_EQ(Ask(), "alice");
}

TEST_F(LockTest, WithoutThePassphraseTheSessionIsLost) {
  Enrolled();
  ASSERT_THAT(LockIt(), IsOk());
  storage_.sessions["default"].stored.reset();  // as Discard() does on disk
  ASSERT_THAT(lock_.Discard(), IsOk());
  EXPECT_TRUE(disk_.discarded);
  EXPECT_FALSE(lock_.enrolled());
  EXPECT_EQ(profile().session.state(), Session::State::kSignedOut);
}

}  // namespace
}  // namespace libretto
