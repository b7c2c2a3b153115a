#include "cloud/core/accounts.h"

#include <gtest/gtest.h>

#include "cloud/core/refusal.h"
#include "tests/cloud/cloud_parts.h"
#include "tests/matchers.h"

namespace libretto::cloud {
namespace {

using libretto::testing::IsOk;
using std::chrono::hours;
using std::chrono::milliseconds;
using testing::Secret;

class AccountsTest : public ::testing::Test {
 protected:
  StatusOr<SignUpResult> SignUp(std::string email, std::string slug,
                                std::string password = "password1") {
    return parts_.accounts.SignUp(
        {.name = "Ann",
         .email = std::move(email),
         .password = SecretBytes::Take(std::move(password)),
         .organization =
             OrganizationRequest{"Acme", std::move(slug), "a@x.test"}});
  }

  StatusOr<SignedIn> SignIn(const std::string& email,
                            const std::string& password) {
    return parts_.accounts.SignIn(email, Secret(password), true, "");
  }

  std::string MailedToken() {
    const std::string link = parts_.mailer.LastLink();
    const std::size_t begin = link.find("token=") + 6;
    return link.substr(begin, link.find('&') - begin);
  }

  bool IsVerified(const std::string& id) {
    const auto user = parts_.store->UserById(id);
    EXPECT_THAT(user, IsOk());
    return user.ok() && user->email_verified;
  }

  testing::CloudParts parts_;
};

TEST_F(AccountsTest, SignUpMakesAnOwnerOfANewOrganization) {
  const auto result = SignUp("Ann@X.test", "acme");
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->signed_in.user.email, "ann@x.test");
  EXPECT_FALSE(result->signed_in.user.email_verified);
  const auto organizations =
      parts_.accounts.OrganizationsOf(result->signed_in.user);
  ASSERT_THAT(organizations, IsOk());
  ASSERT_EQ(organizations->size(), 1U);
  EXPECT_EQ(organizations->front().slug, "acme");
  EXPECT_THAT(parts_.sessions.Find(result->signed_in.token), IsOk());
}

TEST_F(AccountsTest, ATakenSlugLeavesNothingBehind) {
  ASSERT_THAT(SignUp("ann@x.test", "acme"), IsOk());
  const auto result = SignUp("bob@x.test", "acme");
  EXPECT_EQ(RefusalOf(result.status()), Refusal::kSlugTaken);
  EXPECT_EQ(Message(result.status()),
            "Organization slug \"acme\" is already taken.");
  EXPECT_THAT(SignUp("bob@x.test", "bobs"), IsOk());
}

TEST_F(AccountsTest, ATakenAddressLeavesNothingBehind) {
  ASSERT_THAT(SignUp("ann@x.test", "acme"), IsOk());
  EXPECT_EQ(RefusalOf(SignUp("ANN@x.test", "other").status()),
            Refusal::kEmailTaken);
  EXPECT_THAT(SignUp("bob@x.test", "other"), IsOk());
}

TEST_F(AccountsTest, APasswordHasEightTo128Characters) {
  EXPECT_EQ(RefusalOf(SignUp("a@x.test", "a", "1234567").status()),
            Refusal::kPasswordTooShort);
  EXPECT_EQ(RefusalOf(SignUp("a@x.test", "a", std::string(129, 'x')).status()),
            Refusal::kPasswordTooLong);
  EXPECT_THAT(SignUp("a@x.test", "a", std::string(128, 'x')), IsOk());
  EXPECT_THAT(SignUp("b@x.test", "b", "12345678"), IsOk());
}

TEST_F(AccountsTest, AMailThatFailsDoesNotUndoTheSignUp) {
  parts_.mailer.FailWith(Offline("no mail today"));
  EXPECT_THAT(SignUp("ann@x.test", "acme"), IsOk());
  EXPECT_THAT(SignIn("ann@x.test", "password1"), IsOk());
}

TEST_F(AccountsTest, SignInIgnoresTheCaseOfTheAddressAlone) {
  ASSERT_THAT(SignUp("ann@x.test", "acme"), IsOk());
  EXPECT_THAT(SignIn("ANN@X.TEST", "password1"), IsOk());
  EXPECT_EQ(RefusalOf(SignIn("ann@x.test", "Password1").status()),
            Refusal::kWrongEmailOrPassword);
}

TEST_F(AccountsTest, AnUnknownAddressIsRefusedLikeAWrongPassword) {
  ASSERT_THAT(SignUp("ann@x.test", "acme"), IsOk());
  const Status unknown = SignIn("nobody@x.test", "password1").status();
  const Status wrong = SignIn("ann@x.test", "password2").status();
  EXPECT_EQ(unknown, wrong);
}

TEST_F(AccountsTest, TheMailedTokenVerifiesTheAddress) {
  const auto result = SignUp("ann@x.test", "acme");
  ASSERT_THAT(result, IsOk());
  ASSERT_EQ(parts_.mailer.mails().size(), 1U);
  EXPECT_EQ(parts_.mailer.mails().front().to, "ann@x.test");
  EXPECT_TRUE(parts_.mailer.LastLink().starts_with(
      "http://cloud.test/api/auth/verify-email?token="));
  const std::string id = result->signed_in.user.id;
  EXPECT_FALSE(IsVerified(id));
  EXPECT_THAT(parts_.accounts.VerifyEmail(MailedToken()), IsOk());
  EXPECT_TRUE(IsVerified(id));
  EXPECT_THAT(parts_.accounts.VerifyEmail(MailedToken()), IsOk());
}

TEST_F(AccountsTest, AVerificationTokenLastsAnHour) {
  ASSERT_THAT(SignUp("ann@x.test", "acme"), IsOk());
  parts_.clock.Advance(hours(1) - milliseconds(1));
  const std::string token = MailedToken();
  EXPECT_THAT(parts_.accounts.VerifyEmail(token), IsOk());
  parts_.clock.Advance(milliseconds(1));
  EXPECT_EQ(RefusalOf(parts_.accounts.VerifyEmail(token)),
            Refusal::kBadVerificationToken);
}

TEST_F(AccountsTest, NoChangedTokenVerifies) {
  const auto result = SignUp("ann@x.test", "acme");
  ASSERT_THAT(result, IsOk());
  const std::string token = MailedToken();
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == '1' ? '2' : '1';
    EXPECT_EQ(RefusalOf(parts_.accounts.VerifyEmail(changed)),
              Refusal::kBadVerificationToken)
        << i;
  }
  for (const std::string& other :
       {std::string(), std::string("."), std::string(".."), token + "x",
        token.substr(0, token.size() - 1), std::string("a\0b.c.d", 7)}) {
    EXPECT_EQ(RefusalOf(parts_.accounts.VerifyEmail(other)),
              Refusal::kBadVerificationToken);
  }
  EXPECT_FALSE(IsVerified(result->signed_in.user.id));
}

TEST_F(AccountsTest, OneUsersTokenDoesNotVerifyAnother) {
  const auto ann = SignUp("ann@x.test", "acme");
  const std::string token = MailedToken();
  const auto bob = SignUp("bob@x.test", "bobs");
  ASSERT_THAT(bob, IsOk());
  const std::string forged =
      bob->signed_in.user.id + token.substr(token.find('.'));
  EXPECT_EQ(RefusalOf(parts_.accounts.VerifyEmail(forged)),
            Refusal::kBadVerificationToken);
}

TEST_F(AccountsTest, AskingForAMailTellsAStrangerNothing) {
  ASSERT_THAT(SignUp("ann@x.test", "acme"), IsOk());
  EXPECT_THAT(parts_.accounts.SendVerification("nobody@x.test", "/", nullptr),
              IsOk());
  EXPECT_EQ(parts_.mailer.mails().size(), 1U);
  EXPECT_THAT(parts_.accounts.SendVerification("Ann@x.test", "/", nullptr),
              IsOk());
  EXPECT_EQ(parts_.mailer.mails().size(), 2U);
  ASSERT_THAT(parts_.accounts.VerifyEmail(MailedToken()), IsOk());
  EXPECT_THAT(parts_.accounts.SendVerification("ann@x.test", "/", nullptr),
              IsOk());
  EXPECT_EQ(parts_.mailer.mails().size(), 2U);
}

TEST_F(AccountsTest, WhoIsSignedInAsksForTheirOwnAddressOnly) {
  auto result = SignUp("ann@x.test", "acme");
  ASSERT_THAT(result, IsOk());
  User user = result->signed_in.user;
  EXPECT_EQ(
      RefusalOf(parts_.accounts.SendVerification("bob@x.test", "/", &user)),
      Refusal::kEmailMismatch);
  user.email_verified = true;
  EXPECT_EQ(
      RefusalOf(parts_.accounts.SendVerification("ann@x.test", "/", &user)),
      Refusal::kEmailAlreadyVerified);
}

}  // namespace
}  // namespace libretto::cloud
