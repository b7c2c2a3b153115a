// What a lock takes away, what an unlock brings back, and what makes it lock.
#include "tests/agent/core/lock_fixture.h"

namespace libretto {
namespace {

using testing::FakeCloud;
using testing::FakeStorage;
using testing::HasCode;
using testing::IsOk;
using testing::kRight;
using testing::LockTest;
using testing::MessageHas;
using testing::Outcome;
using testing::Result;
using testing::SilentSink;

TEST_F(LockTest, LockedMeansThatEverythingIsRefused) {
  Enrolled();
  EXPECT_EQ(Ask(), "alice");
  ASSERT_THAT(LockIt(), IsOk());
  EXPECT_EQ(calls_ended_, 1);
  EXPECT_EQ(profile().session.state(), Session::State::kLocked);
  EXPECT_EQ(profile().session.api_url(), "");
  EXPECT_EQ(Ask(), "the agent is locked");
  Result<Listing> listing;
  profile().broker.List(listing.Into());
  EXPECT_THAT(listing.get().status(), HasCode(StatusCode::kFailedPrecondition));
  Result<SignedInAs> login;
  profile().accounts.Login(FakeCloud::kUrl, "e", SecretBytes::CopyOf("right"),
                           login.Into());
  EXPECT_THAT(login.get().status(), HasCode(StatusCode::kFailedPrecondition));
  Result<SignedOut> logout;
  profile().accounts.Logout(logout.Into());
  EXPECT_THAT(logout.get().status(), HasCode(StatusCode::kFailedPrecondition));
}

TEST_F(LockTest, AProfileThatComesWhileLockedIsLockedToo) {
  Enrolled();
  ASSERT_THAT(LockIt(), IsOk());
  std::unique_ptr<Profile> none;
  CallerContext caller;
  caller.profile = "later";
  Profile& later = *profiles_.For(caller, none).value();
  EXPECT_THAT(later.accounts.Load(), HasCode(StatusCode::kFailedPrecondition));
  Result<SignedInAs> login;
  later.accounts.Login(FakeCloud::kUrl, "e", SecretBytes::CopyOf("right"),
                       login.Into());
  EXPECT_THAT(login.get().status(), HasCode(StatusCode::kFailedPrecondition));
}

TEST_F(LockTest, TheApiKeyRevokesItself) {
  Enrolled();
  EXPECT_EQ(Ask(), "alice");
  EXPECT_EQ(cloud_.keys.size(), 1U);
  Outcome released;
  ASSERT_THAT(lock_.LockNow("of the test", released.Into()), IsOk());
  EXPECT_FALSE(profile().lease.held());
  cloud_.Deliver();
  EXPECT_THAT(released.get(), IsOk());
  EXPECT_TRUE(cloud_.keys.empty());
}

TEST_F(LockTest, AKeyThatCouldNotRevokeItselfGoesAfterTheUnlock) {
  Enrolled();
  EXPECT_EQ(Ask(), "alice");
  cloud_.offline = true;
  ASSERT_THAT(LockIt(), IsOk());
  EXPECT_EQ(cloud_.keys.size(), 1U);
  cloud_.offline = false;
  ASSERT_THAT(Unlock(), IsOk());
  profile().syncer.Tick();
  cloud_.Deliver();
  // The one that the agent leases now.
  EXPECT_EQ(cloud_.keys.size(), 1U);
  EXPECT_TRUE(profile().lease.Holds(cloud_.keys.begin()->first));
}

TEST_F(LockTest, UnlockingAsksNobody) {
  Enrolled();
  EXPECT_EQ(Ask(), "alice");
  Result<Listing> before;
  profile().broker.List(before.Into());
  cloud_.Deliver();
  ASSERT_THAT(LockIt(), IsOk());
  cloud_.offline = true;
  ASSERT_THAT(Unlock(), IsOk());
  EXPECT_FALSE(lock_.locked());
  EXPECT_EQ(Ask(), "alice");
  Result<Listing> listing;
  profile().broker.List(listing.Into());
  // What failed a moment ago is tried again in a second.
  clock_.Advance(std::chrono::seconds(2));
  profiles_.Tick();
  cloud_.Deliver();
  ASSERT_THAT(listing.get(), IsOk());
  EXPECT_FALSE(listing.value().stale_because.ok());
  EXPECT_EQ(cloud_.Count("Fetch username"), 1);
}

TEST_F(LockTest, WhatWasFetchedBeforeIsNotServedAfterwards) {
  Enrolled();
  Result<Credential> result;
  profile().broker.Get(CredentialName::Parse("username").value(),
                       result.Into());
  ASSERT_THAT(lock_.LockNow("of the test", [](const Status&) {}), IsOk());
  cloud_.Deliver();
  EXPECT_THAT(result.get().status(), HasCode(StatusCode::kFailedPrecondition));
  EXPECT_EQ(profile().cache.values(), 0U);
}

TEST_F(LockTest, AnotherLoginMeanwhileGetsNothingOfTheOldOne) {
  Enrolled();
  EXPECT_EQ(Ask(), "alice");
  ASSERT_THAT(LockIt(), IsOk());
  // As the public command would leave it: in the clear.
  auto& disk = storage_.sessions["default"];
  disk.stored->cookie.text = SecretBytes::CopyOf("cookie=other");
  disk.sealed = false;
  disk.data_key.reset();
  ASSERT_THAT(Unlock(), IsOk());
  EXPECT_EQ(profile().cache.values(), 0U);
  EXPECT_EQ(profile().session.account().cookie.text.Reveal(), "cookie=other");
  EXPECT_TRUE(disk.sealed);
}

TEST_F(LockTest, WatchersAreToldAndEnd) {
  Enrolled();
  SilentSink sink;
  profile().watchers.Start({CredentialName::Parse("username").value()}, sink);
  cloud_.Deliver();
  ASSERT_THAT(LockIt(), IsOk());
  ASSERT_TRUE(sink.over.has_value());
  EXPECT_THAT(*sink.over, HasCode(StatusCode::kFailedPrecondition));
}

TEST_F(LockTest, ABrowserLoginThatWaitsEnds) {
  Enrolled();
  Result<SignedInAs> result;
  profile().browser_login.Start(
      FakeCloud::kUrl, [](const BrowserLoginRequest*) {}, result.Into());
  cloud_.Deliver();
  ASSERT_THAT(LockIt(), IsOk());
  ASSERT_TRUE(result.arrived());
  EXPECT_THAT(result.get().status(), HasCode(StatusCode::kFailedPrecondition));
}

TEST_F(LockTest, AFreshAgentStartsLocked) {
  Enrolled();
  Sealing sealing;
  FakeStorage storage = StorageFor(sealing);
  storage.sessions["default"].stored =
      storage_.sessions["default"].stored->Clone();
  Profiles profiles(ProfileOptions(), {cloud_, cloud_, cloud_, cloud_}, storage,
                    clock_);
  Lock fresh(sealing, profiles, disk_, worker_, clock_, {}, {});
  ASSERT_THAT(fresh.Start(), IsOk());
  EXPECT_TRUE(fresh.locked());
  EXPECT_THAT(profiles.Default().accounts.Load(),
              HasCode(StatusCode::kFailedPrecondition));
  Outcome outcome;
  fresh.Unlock(Typed(kRight), outcome.Into());
  ASSERT_THAT(outcome.get(), IsOk());
  EXPECT_TRUE(profiles.Default().session.usable());
}

TEST_F(LockTest, AFileThatCannotBeReadKeepsItLocked) {
  disk_.broken = true;
  EXPECT_THAT(lock_.Start(), HasCode(StatusCode::kDataLoss));
  EXPECT_TRUE(lock_.locked());
  EXPECT_THAT(Unlock(), HasCode(StatusCode::kDataLoss));
  EXPECT_THAT(lock_.Discard(), IsOk());
  EXPECT_FALSE(lock_.enrolled());
}

TEST_F(LockTest, WithoutAFileItStartsUnlocked) {
  EXPECT_THAT(lock_.Start(), IsOk());
  EXPECT_FALSE(lock_.enrolled());
}

TEST_F(LockTest, ItLocksWhenNobodyNeedsIt) {
  Enrolled();
  clock_.Advance(std::chrono::minutes(29));
  profiles_.Touch();
  clock_.Advance(std::chrono::minutes(29));
  lock_.Tick();
  EXPECT_FALSE(lock_.locked());
  clock_.Advance(std::chrono::minutes(1));
  EXPECT_EQ(lock_.NextDeadline(), clock_.Now());
  lock_.Tick();
  EXPECT_TRUE(lock_.locked());
  EXPECT_EQ(lock_.NextDeadline(), std::nullopt);
}

TEST_F(LockTest, ItStaysUnlockedForAWhileAfterAnUnlock) {
  Enrolled();
  ASSERT_THAT(LockIt(), IsOk());
  clock_.Advance(std::chrono::hours(5));
  ASSERT_THAT(Unlock(), IsOk());
  lock_.Tick();
  EXPECT_FALSE(lock_.locked());
}

TEST_F(LockTest, ALoginWhileUnlockedIsSealed) {
  Enrolled();
  Result<SignedInAs> login;
  profile().accounts.Login(FakeCloud::kUrl, "e", SecretBytes::CopyOf("right"),
                           login.Into());
  cloud_.Deliver();
  ASSERT_THAT(login.get(), IsOk());
  EXPECT_TRUE(storage_.sessions["default"].sealed);
  EXPECT_EQ(Ask(), "alice");
  ASSERT_THAT(LockIt(), IsOk());
  cloud_.offline = true;
  ASSERT_THAT(Unlock(), IsOk());
  EXPECT_EQ(Ask(), "alice");
}

TEST_F(LockTest, ForgettingEmptiesTheMemory) {
  SignIn();
  EXPECT_EQ(Ask(), "alice");
  lock_.Forget("of the test", [](const Status&) {});
  cloud_.Deliver();
  EXPECT_EQ(profile().cache.entries(), 0U);
  EXPECT_EQ(profile().session.state(), Session::State::kSignedOut);
  EXPECT_TRUE(cloud_.keys.empty());
  EXPECT_EQ(calls_ended_, 1);
  // The session that rests in the clear is taken up again.
  EXPECT_EQ(Ask(), "alice");
}

TEST_F(LockTest, ForgettingLocksWhereThatCanBe) {
  Enrolled();
  EXPECT_EQ(Ask(), "alice");
  lock_.Forget("of the test", [](const Status&) {});
  cloud_.Deliver();
  EXPECT_TRUE(lock_.locked());
  EXPECT_EQ(profile().cache.entries(), 0U);
  EXPECT_TRUE(cloud_.keys.empty());
}

TEST_F(LockTest, APanicTakesEverythingBack) {
  Enrolled();
  EXPECT_EQ(Ask(), "alice");
  SilentSink sink;
  profile().watchers.Start({CredentialName::Parse("username").value()}, sink);
  lock_.Panic();
  EXPECT_EQ(scopes_revoked_, 1);
  EXPECT_TRUE(lock_.locked());
  EXPECT_EQ(profile().cache.entries(), 0U);
  EXPECT_TRUE(sink.over.has_value());
  EXPECT_FALSE(profile().lease.held());
  cloud_.Deliver();
  EXPECT_TRUE(cloud_.keys.empty());
}

}  // namespace
}  // namespace libretto
