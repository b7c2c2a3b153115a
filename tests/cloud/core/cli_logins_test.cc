#include "cloud/core/cli_logins.h"

#include <gtest/gtest.h>

#include "cloud/core/refusal.h"
#include "tests/cloud/cloud_parts.h"
#include "tests/matchers.h"

namespace libretto::cloud {
namespace {

using libretto::testing::IsOk;
using std::chrono::milliseconds;
using std::chrono::minutes;
using testing::Secret;
using Kind = CliLoginState::Kind;

class CliLoginsTest : public ::testing::Test {
 protected:
  CliLoginsTest() : ann_(Verified("ann")), opened_(Open()) {}

  User Verified(const std::string& name) {
    const User user = parts_.SignUp(name).signed_in.user;
    EXPECT_THAT(parts_.accounts.VerifyEmail(parts_.MailedToken()), IsOk());
    return *parts_.store->UserById(user.id);
  }

  OpenedCliLogin Open() {
    auto opened = parts_.cli_logins.Open();
    EXPECT_THAT(opened, IsOk());
    return *std::move(opened);
  }

  StatusOr<CliLoginState> Poll() {
    return parts_.cli_logins.Poll(opened_.id, opened_.secret, "command line");
  }

  Status Approve(const User& user) {
    return parts_.cli_logins.Approve(opened_.id, opened_.secret, user,
                                     parts_.NewSessionId(user));
  }

  testing::CloudParts parts_;
  const User ann_;
  const OpenedCliLogin opened_;
};

TEST_F(CliLoginsTest, WaitsUntilSomebodyApproves) {
  EXPECT_EQ(Poll()->kind, Kind::kPending);
  EXPECT_EQ(Poll()->kind, Kind::kPending);
  ASSERT_THAT(Approve(ann_), IsOk());
  const auto state = Poll();
  ASSERT_THAT(state, IsOk());
  ASSERT_EQ(state->kind, Kind::kApproved);
  EXPECT_EQ(state->signed_in->user.id, ann_.id);
  EXPECT_EQ(state->signed_in->session.user_agent, "command line");
  const auto session = parts_.sessions.Find(state->signed_in->token);
  ASSERT_THAT(session, IsOk());
  EXPECT_EQ(session->session.expires_at,
            NowOf(parts_.clock) + kSessionLifetime);
}

TEST_F(CliLoginsTest, TheSessionIsHandedOutOnce) {
  ASSERT_THAT(Approve(ann_), IsOk());
  ASSERT_EQ(Poll()->kind, Kind::kApproved);
  EXPECT_EQ(RefusalOf(Poll().status()), Refusal::kCliLoginNotFound);
  EXPECT_EQ(RefusalOf(Approve(ann_)), Refusal::kCliLoginNotFound);
}

TEST_F(CliLoginsTest, WhoApprovesFirstApproves) {
  const User bob = Verified("bob");
  ASSERT_THAT(Approve(ann_), IsOk());
  EXPECT_EQ(RefusalOf(Approve(bob)), Refusal::kCliLoginNotFound);
  EXPECT_EQ(RefusalOf(Approve(ann_)), Refusal::kCliLoginNotFound);
  EXPECT_EQ(Poll()->signed_in->user.id, ann_.id);
}

TEST_F(CliLoginsTest, LastsTenMinutes) {
  EXPECT_EQ(opened_.expires_at, NowOf(parts_.clock) + minutes(10));
  parts_.clock.Advance(minutes(10) - milliseconds(1));
  EXPECT_EQ(Poll()->kind, Kind::kPending);
  parts_.clock.Advance(milliseconds(1));
  EXPECT_EQ(Poll()->kind, Kind::kExpired);
  EXPECT_EQ(RefusalOf(Approve(ann_)), Refusal::kCliLoginNotFound);
}

TEST_F(CliLoginsTest, AnApprovalThatNobodyFetchedExpires) {
  parts_.clock.Advance(minutes(10) - milliseconds(1));
  ASSERT_THAT(Approve(ann_), IsOk());
  parts_.clock.Advance(milliseconds(1));
  EXPECT_EQ(Poll()->kind, Kind::kExpired);
}

TEST_F(CliLoginsTest, AnExpiredOneIsRememberedForALatePoll) {
  parts_.clock.Advance(minutes(20) - milliseconds(1));
  ASSERT_THAT(parts_.store->RemoveExpired(NowOf(parts_.clock)), IsOk());
  EXPECT_EQ(Poll()->kind, Kind::kExpired);
  parts_.clock.Advance(milliseconds(1));
  ASSERT_THAT(parts_.store->RemoveExpired(NowOf(parts_.clock)), IsOk());
  EXPECT_EQ(RefusalOf(Poll().status()), Refusal::kCliLoginNotFound);
}

TEST_F(CliLoginsTest, TheIdIsWorthNothingWithoutTheSecret) {
  ASSERT_THAT(Approve(ann_), IsOk());
  const OpenedCliLogin other = Open();
  const Status unknown =
      parts_.cli_logins.Poll("no such id", opened_.secret, "").status();
  EXPECT_EQ(RefusalOf(unknown), Refusal::kCliLoginNotFound);
  for (const SecretBytes& secret :
       {Secret(""), Secret("x"), other.secret.Clone()}) {
    EXPECT_EQ(parts_.cli_logins.Poll(opened_.id, secret, "").status(), unknown);
    EXPECT_EQ(parts_.cli_logins.Approve(other.id, Secret("x"), ann_, ""),
              unknown);
  }
  EXPECT_EQ(Poll()->kind, Kind::kApproved);
}

TEST_F(CliLoginsTest, AnUnverifiedUserHasToVerifyFirst) {
  User bob = parts_.SignUp("bob").signed_in.user;
  EXPECT_EQ(RefusalOf(Approve(bob)), Refusal::kEmailNotVerified);
  EXPECT_EQ(Poll()->kind, Kind::kPending);
  ASSERT_THAT(parts_.accounts.VerifyEmail(parts_.MailedToken()), IsOk());
  EXPECT_THAT(Approve(*parts_.store->UserById(bob.id)), IsOk());
  EXPECT_EQ(Poll()->kind, Kind::kApproved);
}

TEST_F(CliLoginsTest, GoesWithTheAccountThatApproved) {
  ASSERT_THAT(Approve(ann_), IsOk());
  ASSERT_THAT(parts_.accounts.Delete(ann_), IsOk());
  EXPECT_EQ(RefusalOf(Poll().status()), Refusal::kCliLoginNotFound);
}

}  // namespace
}  // namespace libretto::cloud
