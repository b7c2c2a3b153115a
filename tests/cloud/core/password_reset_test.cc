#include "cloud/core/password_reset.h"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "cloud/core/refusal.h"
#include "tests/cloud/cloud_parts.h"
#include "tests/matchers.h"

namespace libretto::cloud {
namespace {

using libretto::testing::HasCode;
using libretto::testing::IsOk;
using std::chrono::hours;
using std::chrono::milliseconds;
using testing::Secret;

class PasswordResetTest : public ::testing::Test {
 protected:
  PasswordResetTest() : ann_(parts_.SignUp("ann").signed_in) {}

  SecretBytes Request() {
    EXPECT_THAT(parts_.password_reset.Request("Ann@Example.test", "/page"),
                IsOk());
    return parts_.MailedToken();
  }

  Status Finish(const SecretBytes& token,
                const std::string& password = "a new password") {
    return parts_.password_reset.Finish(token, Secret(password));
  }

  StatusOr<SignedIn> SignIn(const std::string& password) {
    return parts_.accounts.SignIn("ann@example.test", Secret(password), true,
                                  "");
  }

  void VerifyAnn() {
    ASSERT_THAT(parts_.accounts.SendVerification("ann@example.test", "/",
                                                 /*signed_in=*/nullptr),
                IsOk());
    ASSERT_THAT(parts_.accounts.VerifyEmail(parts_.MailedToken()), IsOk());
  }

  testing::CloudParts parts_;
  const SignedIn ann_;
};

TEST_F(PasswordResetTest, TheMailedLinkSetsThePassword) {
  const SecretBytes token = Request();
  EXPECT_EQ(parts_.mailer.mails().back().to, "ann@example.test");
  EXPECT_TRUE(parts_.mailer.LastLink().starts_with(
      "http://cloud.test/api/auth/reset-password/"));
  EXPECT_TRUE(parts_.mailer.LastLink().ends_with("?callbackURL=%2Fpage"));
  EXPECT_THAT(parts_.password_reset.Check(token), IsOk());
  ASSERT_THAT(Finish(token), IsOk());
  EXPECT_THAT(SignIn("a new password"), IsOk());
  EXPECT_EQ(RefusalOf(SignIn("password of ann").status()),
            Refusal::kWrongEmailOrPassword);
}

TEST_F(PasswordResetTest, ATokenWorksOnce) {
  const SecretBytes token = Request();
  ASSERT_THAT(Finish(token), IsOk());
  EXPECT_EQ(RefusalOf(parts_.password_reset.Check(token)),
            Refusal::kBadResetToken);
  EXPECT_EQ(RefusalOf(Finish(token, "another password")),
            Refusal::kBadResetToken);
  EXPECT_THAT(SignIn("a new password"), IsOk());
}

TEST_F(PasswordResetTest, ATokenLastsAnHour) {
  const SecretBytes token = Request();
  parts_.clock.Advance(hours(1) - milliseconds(1));
  EXPECT_THAT(parts_.password_reset.Check(token), IsOk());
  const SecretBytes later = Request();
  parts_.clock.Advance(milliseconds(1));
  EXPECT_EQ(RefusalOf(parts_.password_reset.Check(token)),
            Refusal::kBadResetToken);
  EXPECT_EQ(RefusalOf(Finish(token)), Refusal::kBadResetToken);
  EXPECT_THAT(Finish(later), IsOk());
}

TEST_F(PasswordResetTest, AResetInvalidatesTheOtherLinks) {
  const SecretBytes first = Request();
  const SecretBytes second = Request();
  EXPECT_THAT(Finish(first), IsOk());
  EXPECT_EQ(RefusalOf(Finish(second)), Refusal::kBadResetToken);
}

TEST_F(PasswordResetTest, AResetEndsAllSessions) {
  const SecretBytes token = Request();
  const auto other = SignIn("password of ann");
  const SignedIn bob = parts_.SignUp("bob").signed_in;
  ASSERT_THAT(Finish(token), IsOk());
  EXPECT_EQ(RefusalOf(parts_.sessions.Find(ann_.token).status()),
            Refusal::kSignedOut);
  EXPECT_EQ(RefusalOf(parts_.sessions.Find(other->token).status()),
            Refusal::kSignedOut);
  EXPECT_THAT(parts_.sessions.Find(bob.token), IsOk());
}

TEST_F(PasswordResetTest, ASignInThatBeganBeforeTheResetFails) {
  const auto login = parts_.store->LoginByEmail("ann@example.test");
  ASSERT_THAT(Finish(Request()), IsOk());
  EXPECT_EQ(RefusalOf(parts_.sessions.Start(*login, true, "").status()),
            Refusal::kWrongEmailOrPassword);
}

TEST_F(PasswordResetTest, AnApprovedCommandLineGetsNoSessionAfterAReset) {
  VerifyAnn();
  const auto opened = parts_.cli_logins.Open();
  const auto ann = parts_.store->UserById(ann_.user.id);
  ASSERT_THAT(parts_.cli_logins.Approve(opened->id, opened->secret, *ann,
                                        ann_.session.id),
              IsOk());
  ASSERT_THAT(Finish(Request()), IsOk());
  EXPECT_EQ(
      RefusalOf(
          parts_.cli_logins.Poll(opened->id, opened->secret, "").status()),
      Refusal::kCliLoginNotFound);
}

TEST_F(PasswordResetTest, ApiKeysStayWhereTheAddressWasVerified) {
  VerifyAnn();
  const auto key = parts_.api_keys.Issue(ann_.user, ann_.session.id, {});
  ASSERT_THAT(Finish(Request()), IsOk());
  EXPECT_THAT(parts_.api_keys.Authenticate(key->text), IsOk());
}

TEST_F(PasswordResetTest, ApiKeysOfWhoNeverShowedToOwnTheAddressEnd) {
  const auto key = parts_.api_keys.Issue(ann_.user, ann_.session.id, {});
  ASSERT_THAT(Finish(Request()), IsOk());
  EXPECT_EQ(RefusalOf(parts_.api_keys.Authenticate(key->text).status()),
            Refusal::kApiKeyUnknown);
}

TEST_F(PasswordResetTest, ABadPasswordLeavesTheTokenForAnotherTry) {
  const SecretBytes token = Request();
  EXPECT_EQ(RefusalOf(Finish(token, "1234567")), Refusal::kPasswordTooShort);
  EXPECT_EQ(RefusalOf(Finish(token, std::string(129, 'x'))),
            Refusal::kPasswordTooLong);
  EXPECT_THAT(Finish(token, std::string(128, 'x')), IsOk());
}

TEST_F(PasswordResetTest, ATokenForVerificationSetsNoPassword) {
  ASSERT_THAT(parts_.accounts.SendVerification("ann@example.test", "/",
                                               /*signed_in=*/nullptr),
              IsOk());
  EXPECT_EQ(RefusalOf(Finish(parts_.MailedToken())), Refusal::kBadResetToken);
  EXPECT_EQ(RefusalOf(Finish(Secret(""))), Refusal::kBadResetToken);
}

TEST_F(PasswordResetTest, AnUnknownAddressGetsNoMailAndNoDifference) {
  const std::size_t before = parts_.mailer.mails().size();
  EXPECT_THAT(parts_.password_reset.Request("nobody@example.test", "/"),
              IsOk());
  EXPECT_EQ(parts_.mailer.mails().size(), before);
}

TEST_F(PasswordResetTest, AMailThatFailsIsNotTold) {
  parts_.mailer.FailWith(Offline("no mail today"));
  EXPECT_THAT(parts_.password_reset.Request("ann@example.test", "/"), IsOk());
}

TEST_F(PasswordResetTest, NothingThatWorksRestsInTheDatabase) {
  const SecretBytes token = Request();
  const auto opened = parts_.cli_logins.Open();
  for (const char* suffix : {"", "-wal"}) {
    std::ifstream file(parts_.database + suffix, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    ASSERT_FALSE(bytes.empty()) << suffix;
    for (const SecretBytes* secret : {&token, &opened->secret, &ann_.token}) {
      EXPECT_EQ(bytes.find(secret->Reveal()), std::string::npos) << suffix;
    }
  }
}

}  // namespace
}  // namespace libretto::cloud
