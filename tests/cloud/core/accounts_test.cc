#include "cloud/core/accounts.h"

#include <gtest/gtest.h>

#include "cloud/core/refusal.h"
#include "cloud/core/tokens.h"
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

  Status Verify(const SecretBytes& token) {
    return parts_.accounts.VerifyEmail(token);
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
  const auto organizations = parts_.organizations.Of(result->signed_in.user);
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
  const SecretBytes token = parts_.MailedToken();
  EXPECT_THAT(Verify(token), IsOk());
  EXPECT_TRUE(IsVerified(id));
  EXPECT_EQ(RefusalOf(Verify(token)), Refusal::kBadVerificationToken);
  EXPECT_TRUE(IsVerified(id));
}

TEST_F(AccountsTest, AVerificationTokenLastsAnHour) {
  ASSERT_THAT(SignUp("ann@x.test", "acme"), IsOk());
  const SecretBytes anns = parts_.MailedToken();
  ASSERT_THAT(SignUp("bob@x.test", "bobs"), IsOk());
  const SecretBytes bobs = parts_.MailedToken();
  parts_.clock.Advance(hours(1) - milliseconds(1));
  EXPECT_THAT(Verify(anns), IsOk());
  parts_.clock.Advance(milliseconds(1));
  EXPECT_EQ(RefusalOf(Verify(bobs)), Refusal::kBadVerificationToken);
}

TEST_F(AccountsTest, NoChangedTokenVerifies) {
  const auto result = SignUp("ann@x.test", "acme");
  ASSERT_THAT(result, IsOk());
  const std::string token(parts_.MailedToken().Reveal());
  ASSERT_EQ(token.size(), 43U);
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == '1' ? '2' : '1';
    EXPECT_EQ(RefusalOf(Verify(Secret(changed))),
              Refusal::kBadVerificationToken)
        << i;
  }
  for (const std::string& other :
       {std::string(), token + "x", token.substr(0, token.size() - 1),
        HashOf(Secret(token)), std::string("a\0b", 3)}) {
    EXPECT_EQ(RefusalOf(Verify(Secret(other))), Refusal::kBadVerificationToken);
  }
  EXPECT_FALSE(IsVerified(result->signed_in.user.id));
}

TEST_F(AccountsTest, ATokenVerifiesItsOwnUserAlone) {
  const auto ann = SignUp("ann@x.test", "acme");
  const SecretBytes token = parts_.MailedToken();
  const auto bob = SignUp("bob@x.test", "bobs");
  ASSERT_THAT(Verify(token), IsOk());
  EXPECT_TRUE(IsVerified(ann->signed_in.user.id));
  EXPECT_FALSE(IsVerified(bob->signed_in.user.id));
}

TEST_F(AccountsTest, ATokenForAPasswordVerifiesNothing) {
  const auto result = SignUp("ann@x.test", "acme");
  ASSERT_THAT(parts_.password_reset.Request("ann@x.test", "/"), IsOk());
  EXPECT_EQ(RefusalOf(Verify(parts_.MailedToken())),
            Refusal::kBadVerificationToken);
  EXPECT_FALSE(IsVerified(result->signed_in.user.id));
}

TEST_F(AccountsTest, EveryMailedLinkWorksUntilOneWasUsed) {
  ASSERT_THAT(SignUp("ann@x.test", "acme"), IsOk());
  const SecretBytes first = parts_.MailedToken();
  ASSERT_THAT(parts_.accounts.SendVerification("ann@x.test", "/", nullptr),
              IsOk());
  const SecretBytes second = parts_.MailedToken();
  EXPECT_THAT(Verify(first), IsOk());
  EXPECT_EQ(RefusalOf(Verify(second)), Refusal::kBadVerificationToken);
}

TEST_F(AccountsTest, AskingForAMailTellsAStrangerNothing) {
  ASSERT_THAT(SignUp("ann@x.test", "acme"), IsOk());
  EXPECT_THAT(parts_.accounts.SendVerification("nobody@x.test", "/", nullptr),
              IsOk());
  EXPECT_EQ(parts_.mailer.mails().size(), 1U);
  EXPECT_THAT(parts_.accounts.SendVerification("Ann@x.test", "/", nullptr),
              IsOk());
  EXPECT_EQ(parts_.mailer.mails().size(), 2U);
  ASSERT_THAT(Verify(parts_.MailedToken()), IsOk());
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

TEST_F(AccountsTest, ADeletedAccountLeavesNothing) {
  const SecretBytes key = parts_.NewTenantKey("ann");
  const auto ann = SignIn("ann@example.test", "password of ann");
  ASSERT_THAT(ann, IsOk());
  ASSERT_THAT(parts_.accounts.Delete(ann->user), IsOk());
  EXPECT_EQ(RefusalOf(parts_.sessions.Find(ann->token).status()),
            Refusal::kSignedOut);
  EXPECT_EQ(RefusalOf(parts_.api_keys.Authenticate(key).status()),
            Refusal::kApiKeyUnknown);
  EXPECT_EQ(RefusalOf(SignIn("ann@example.test", "password of ann").status()),
            Refusal::kWrongEmailOrPassword);
  // Its address and its slug are free again.
  EXPECT_THAT(SignUp("ann@example.test", "ann"), IsOk());
  EXPECT_THAT(parts_.accounts.Delete(ann->user), IsOk());
}

}  // namespace
}  // namespace libretto::cloud
