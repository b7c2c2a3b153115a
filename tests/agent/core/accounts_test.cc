#include "agent/core/accounts.h"

#include "tests/agent/core/profile_fixture.h"

namespace libretto {
namespace {

using testing::FakeCloud;
using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;
using testing::Result;

class AccountsTest : public testing::ProfileTest {
 protected:
  StatusOr<SignedInAs> Login(std::string_view password) {
    Result<SignedInAs> result;
    profile_.accounts.Login(FakeCloud::kUrl, "casey@example.test",
                            SecretBytes::CopyOf(password), result.Into());
    cloud_.Deliver();
    return result.get();
  }

  StatusOr<SignedOut> Logout() {
    Result<SignedOut> result;
    profile_.accounts.Logout(result.Into());
    cloud_.Deliver();
    return result.get();
  }

  StatusOr<Identity> WhoAmI(bool check) {
    Result<Identity> result;
    profile_.accounts.WhoAmI(check, result.Into());
    cloud_.Deliver();
    return result.get();
  }
};

TEST_F(AccountsTest, ALoginIsStoredAndUsable) {
  cloud_.Set("username", "alice");
  ASSERT_THAT(Login("right"), IsOk());
  ASSERT_TRUE(store_.stored.has_value());
  EXPECT_EQ(store_.stored->cookie.api_url, FakeCloud::kUrl);
  EXPECT_EQ(store_.stored->expires_at, "2026-02-01");
  EXPECT_EQ(Ask("username"), "alice");
}

TEST_F(AccountsTest, AWrongPasswordLeavesTheSessionThatThereWas) {
  ASSERT_THAT(Login("right"), IsOk());
  EXPECT_THAT(Login("wrong"), HasCode(StatusCode::kUnauthenticated));
  EXPECT_TRUE(profile_.session.usable());
  EXPECT_TRUE(store_.stored.has_value());
}

TEST_F(AccountsTest, AFullDiskLeavesTheSessionThatThereWas) {
  SignIn();
  const auto epoch = profile_.session.epoch();
  store_.full_disk = true;
  EXPECT_THAT(Login("right"), MessageHas("cannot be stored"));
  EXPECT_EQ(profile_.session.epoch(), epoch);
}

TEST_F(AccountsTest, AnUnverifiedAddressGetsItsMailAgain) {
  cloud_.email_verified = false;
  const auto signed_in = Login("right");
  ASSERT_THAT(signed_in, IsOk());
  EXPECT_FALSE(signed_in->email_verified);
  EXPECT_EQ(cloud_.Count("SendVerification"), 1);
}

TEST_F(AccountsTest, ANewLoginEmptiesTheCacheAndRevokesTheOldKey) {
  cloud_.Set("username", "alice");
  SignIn();
  Ask("username");
  ASSERT_THAT(Login("right"), IsOk());
  EXPECT_EQ(profile_.cache.values(), 0U);
  EXPECT_TRUE(cloud_.keys.empty());
}

TEST_F(AccountsTest, AFileThatCannotBeUnderstoodIsNotOverwritten) {
  store_.broken = true;
  EXPECT_THAT(Login("right"), HasCode(StatusCode::kDataLoss));
  EXPECT_TRUE(cloud_.requests.empty());
  EXPECT_THAT(profile_.accounts.Load(), HasCode(StatusCode::kDataLoss));
}

TEST_F(AccountsTest, TheStoredSessionIsTakenUpLater) {
  EXPECT_THAT(profile_.accounts.Load(), IsOk());
  EXPECT_FALSE(profile_.session.usable());
  store_.stored = Account{{FakeCloud::kUrl, SecretBytes::CopyOf("c=1")},
                          "user",
                          "casey@example.test",
                          ""};
  EXPECT_THAT(profile_.accounts.Load(), IsOk());
  EXPECT_TRUE(profile_.session.usable());
}

TEST_F(AccountsTest, AnEndedSessionIsNotTakenUpAgainButANewOneIs) {
  ASSERT_THAT(Login("right"), IsOk());
  cloud_.session_alive = false;
  EXPECT_THAT(WhoAmI(true), MessageHas("has ended"));
  EXPECT_THAT(profile_.accounts.Load(), IsOk());
  EXPECT_EQ(profile_.session.state(), Session::State::kEnded);
  store_.stored->cookie.text = SecretBytes::CopyOf("c=new");
  EXPECT_THAT(profile_.accounts.Load(), IsOk());
  EXPECT_EQ(profile_.session.state(), Session::State::kSignedIn);
}

TEST_F(AccountsTest, LoggingOutLeavesNothingAnywhere) {
  cloud_.Set("username", "alice");
  ASSERT_THAT(Login("right"), IsOk());
  Ask("username");
  const auto out = Logout();
  ASSERT_THAT(out, IsOk());
  EXPECT_TRUE(out->was_signed_in);
  EXPECT_TRUE(out->not_revoked.empty());
  EXPECT_TRUE(cloud_.keys.empty());
  EXPECT_FALSE(cloud_.session_alive);
  EXPECT_FALSE(store_.stored.has_value());
  EXPECT_EQ(profile_.cache.entries(), 0U);
  EXPECT_FALSE(profile_.session.usable());
}

TEST_F(AccountsTest, LoggingOutOfflineSaysWhatCouldNotBeRevoked) {
  cloud_.Set("username", "alice");
  ASSERT_THAT(Login("right"), IsOk());
  Ask("username");
  cloud_.offline = true;
  const auto out = Logout();
  ASSERT_THAT(out, IsOk());
  EXPECT_EQ(out->not_revoked.size(), 2U);
  EXPECT_FALSE(store_.stored.has_value());
  EXPECT_FALSE(profile_.session.usable());
  EXPECT_EQ(journal_.entries.size(), 1U);
}

TEST_F(AccountsTest, LoggingOutWithoutALoginIsFine) {
  const auto out = Logout();
  ASSERT_THAT(out, IsOk());
  EXPECT_FALSE(out->was_signed_in);
}

TEST_F(AccountsTest, WhoAmIWithoutACheckAsksNobody) {
  SignIn();
  const auto identity = WhoAmI(false);
  ASSERT_THAT(identity, IsOk());
  EXPECT_EQ(identity->email, "casey@example.test");
  EXPECT_TRUE(cloud_.requests.empty());
}

TEST_F(AccountsTest, WhoAmIWithACheckKnowsTheOrganisation) {
  SignIn();
  const auto identity = WhoAmI(true);
  ASSERT_THAT(identity, IsOk());
  EXPECT_EQ(identity->organization->slug, "example");
}

}  // namespace
}  // namespace libretto
