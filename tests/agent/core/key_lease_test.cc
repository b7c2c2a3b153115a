#include "agent/core/key_lease.h"

#include "tests/agent/core/profile_fixture.h"

namespace libretto {
namespace {

using std::chrono::hours;
using testing::HasCode;
using testing::IsOk;
using testing::Result;

class KeyLeaseTest : public testing::ProfileTest {
 protected:
  KeyLeaseTest() { SignIn(); }

  std::string Acquire() {
    Result<ApiKey> key;
    profile_.lease.Acquire(key.Into());
    cloud_.Deliver();
    return std::string(key.value().text.Reveal());
  }

  Status Release() {
    std::optional<Status> released;
    profile_.lease.Release([&released](Status status) { released = status; });
    cloud_.Deliver();
    return released.value();
  }
};

TEST_F(KeyLeaseTest, OneKeyServesEveryone) {
  EXPECT_EQ(Acquire(), Acquire());
  EXPECT_EQ(cloud_.keys.size(), 1U);
}

TEST_F(KeyLeaseTest, TheLabelIsWrittenDownBeforeTheKeyIsMinted) {
  profile_.lease.Acquire([](const StatusOr<ApiKey>&) {});
  ASSERT_EQ(journal_.entries.size(), 1U);
  EXPECT_EQ(journal_.entries[0].id, "");
  EXPECT_EQ(journal_.entries[0].label, cloud_.keys.begin()->second);
  EXPECT_LE(journal_.entries[0].label.size(), 32U);
  cloud_.Deliver();
  EXPECT_EQ(journal_.entries[0].id, cloud_.keys.begin()->first);
}

TEST_F(KeyLeaseTest, WithoutAPlaceToWriteItDownNothingIsMinted) {
  journal_.full_disk = true;
  Result<ApiKey> key;
  profile_.lease.Acquire(key.Into());
  EXPECT_THAT(key.get(), HasCode(StatusCode::kInternal));
  EXPECT_TRUE(cloud_.keys.empty());
}

TEST_F(KeyLeaseTest, ReleasingLeavesNothingAtTheCloud) {
  Acquire();
  EXPECT_THAT(Release(), IsOk());
  EXPECT_TRUE(cloud_.keys.empty());
  EXPECT_TRUE(journal_.entries.empty());
  EXPECT_FALSE(profile_.lease.held());
}

TEST_F(KeyLeaseTest, ReleasingWaitsForAMintInFlight) {
  profile_.lease.Acquire([](const StatusOr<ApiKey>&) {});
  EXPECT_THAT(Release(), IsOk());
  EXPECT_TRUE(cloud_.keys.empty());
}

TEST_F(KeyLeaseTest, WhatCouldNotBeRevokedStaysWrittenDown) {
  Acquire();
  cloud_.offline = true;
  EXPECT_THAT(Release(), HasCode(StatusCode::kUnavailable));
  EXPECT_EQ(journal_.entries.size(), 1U);
}

TEST_F(KeyLeaseTest, TheNextLeaseRevokesExactlyWhatWasWrittenDown) {
  cloud_.keys["mine"] = "libretto-agent-of-mine";
  cloud_.keys["unanswered"] = "libretto-agent-lost";
  cloud_.keys["foreign"] = "libretto-agent-of-another";
  journal_.entries = {
      {testing::FakeCloud::kUrl, "libretto-agent-of-mine", "mine"},
      {testing::FakeCloud::kUrl, "libretto-agent-lost", ""},
      {testing::FakeCloud::kUrl, "libretto-agent-gone", "gone"},
      {"https://other.test", "libretto-agent-elsewhere", "x"}};
  Acquire();
  EXPECT_EQ(cloud_.keys.count("mine"), 0U);
  EXPECT_EQ(cloud_.keys.count("unanswered"), 0U);
  EXPECT_EQ(cloud_.keys.count("foreign"), 1U);
  // The new key's, and the one that another cloud knows.
  EXPECT_EQ(journal_.entries.size(), 2U);
}

TEST_F(KeyLeaseTest, AnAgeingKeyIsReplacedAndRevoked) {
  const std::string first = Acquire();
  clock_.Advance(KeyLease::kRenewAfter);
  EXPECT_NE(Acquire(), first);
  EXPECT_EQ(cloud_.keys.size(), 1U);
  EXPECT_EQ(journal_.entries.size(), 1U);
}

TEST_F(KeyLeaseTest, AKeyMintedForSomebodyWhoLeftIsRevoked) {
  profile_.lease.Acquire([](const StatusOr<ApiKey>&) {});
  profile_.session.SignOut();
  cloud_.Deliver();
  EXPECT_TRUE(cloud_.keys.empty());
  EXPECT_FALSE(profile_.lease.held());
}

TEST_F(KeyLeaseTest, WhoSignsInDuringAMintGetsAKeyOfTheirOwn) {
  profile_.lease.Acquire([](const StatusOr<ApiKey>&) {});
  SignIn();
  const std::string key = Acquire();
  ASSERT_EQ(cloud_.keys.size(), 1U);
  EXPECT_EQ(key, "secret of " + cloud_.keys.begin()->first);
}

}  // namespace
}  // namespace libretto
