#include "cloud/http/limits.h"

#include <string>

#include <gtest/gtest.h>

#include "base/json.h"
#include "tests/cloud/live_cloud.h"

namespace libretto::cloud {
namespace {

using testing::LiveCloud;
using testing::RawResponse;

TEST(ClientOfTest, WithoutAProxyItIsThePeerWhateverAHeaderSays) {
  EXPECT_EQ(ClientOf("192.0.2.7", "198.51.100.1", false), "192.0.2.7");
}

TEST(ClientOfTest, BehindAProxyItIsWhoTheProxySawLast) {
  EXPECT_EQ(ClientOf("127.0.0.1", "198.51.100.1", true), "198.51.100.1");
  EXPECT_EQ(ClientOf("127.0.0.1", "made up, 198.51.100.2 ", true),
            "198.51.100.2");
  EXPECT_EQ(ClientOf("127.0.0.1", "", true), "127.0.0.1");
  EXPECT_EQ(ClientOf("127.0.0.1", "unknown", true), "127.0.0.1");
  EXPECT_EQ(ClientOf("127.0.0.1", "198.51.100.1,", true), "127.0.0.1");
}

TEST(ClientOfTest, AnIpv6CustomerIsOneClient) {
  EXPECT_EQ(ClientOf("2001:db8:1:2:3:4:5:6", "", false), "2001:db8:1:2::/64");
  EXPECT_EQ(ClientOf("2001:db8:1:2::9", "", false), "2001:db8:1:2::/64");
  EXPECT_EQ(ClientOf("::ffff:192.0.2.7", "", false), "192.0.2.7");
}

class LimitsTest : public ::testing::Test {
 protected:
  RawResponse SignIn(const std::string& email, const std::string& client) {
    return cloud_.Post("/api/auth/sign-in/email",
                       Json{{"email", email}, {"password", "wrong"}}.dump(),
                       {{"x-forwarded-for", client}});
  }

  LiveCloud cloud_;
};

TEST_F(LimitsTest, GuessesAtAnAccountEndWhereverTheyComeFrom) {
  for (int i = 0; i < kSignInLimit.per_account->at_once; ++i) {
    EXPECT_EQ(
        SignIn("casey@example.test", "192.0.2." + std::to_string(i)).status,
        401);
  }
  const RawResponse refused = SignIn("Casey@Example.test", "192.0.2.200");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.body,
            R"({"message":"Too many requests. Please try again later."})");
  EXPECT_EQ(refused.Header("retry-after"), "4");
  EXPECT_EQ(refused.Header("x-retry-after"), "4");
  EXPECT_EQ(SignIn("other@example.test", "192.0.2.200").status, 401);
}

TEST_F(LimitsTest, GuessesOfOneClientEndWhomeverTheyAreAt) {
  const int allowed = kSignInLimit.per_client.at_once;
  for (int i = 0; i < allowed; ++i) {
    EXPECT_EQ(
        SignIn("u" + std::to_string(i) + "@example.test", "192.0.2.1").status,
        401);
  }
  EXPECT_EQ(SignIn("next@example.test", "192.0.2.1").status, 429);
  EXPECT_EQ(SignIn("next@example.test", "192.0.2.2").status, 401);
}

TEST_F(LimitsTest, WhoeverGuessesDoesNotKeepTheOwnerOut) {
  cloud_.parts.SignUp("casey");
  for (int i = 0; i < kSignInLimit.per_client_and_account->at_once; ++i) {
    (void)SignIn("casey@example.test", "192.0.2.1");
  }
  const auto with_right_password = [this](const char* client) {
    return cloud_
        .Post("/api/auth/sign-in/email",
              Json{{"email", "casey@example.test"},
                   {"password", "password of casey"}}
                  .dump(),
              {{"x-forwarded-for", client}})
        .status;
  };
  EXPECT_EQ(with_right_password("192.0.2.1"), 429);
  EXPECT_EQ(with_right_password("192.0.2.2"), 200);
  cloud_.parts.clock.Advance(kSignInLimit.per_client_and_account->every);
  EXPECT_EQ(with_right_password("192.0.2.1"), 200);
}

TEST_F(LimitsTest, WhatIsRefusedAnywayIsNotHeldAgainstTheAccount) {
  for (int i = 0; i < 2 * kInvitationLimit.per_account->at_once; ++i) {
    EXPECT_EQ(cloud_
                  .Post("/api/auth/organization/invite-member",
                        R"({"email":"casey@example.test","role":"member"})")
                  .status,
              401);
  }
  EXPECT_EQ(cloud_
                .Post("/api/auth/request-password-reset",
                      R"({"email":"casey@example.test"})")
                .status,
            200);
}

TEST_F(LimitsTest, MailsToOneAddressAreFew) {
  cloud_.parts.SignUp("casey");
  const auto ask = [this] {
    return cloud_
        .Post("/api/auth/send-verification-email",
              R"({"email":"casey@example.test"})")
        .status;
  };
  for (int i = 0; i < kVerificationLimit.per_account->at_once; ++i) {
    EXPECT_EQ(ask(), 200);
  }
  EXPECT_EQ(ask(), 429);
  // One from the sign-up itself.
  EXPECT_EQ(
      cloud_.parts.mailer.mails().size(),
      1 + static_cast<std::size_t>(kVerificationLimit.per_account->at_once));
}

TEST_F(LimitsTest, AProcedureRefusesInItsOwnEnvelope) {
  RawResponse last;
  for (int i = 0; i <= kSignUpLimit.per_client.at_once; ++i) {
    last = cloud_.Post("/v1/auth/signupAndCreateOrg", R"({"json":{}})");
    EXPECT_EQ(last.status, i < kSignUpLimit.per_client.at_once ? 400 : 429);
  }
  EXPECT_EQ(last.status, 429);
  EXPECT_EQ(last.body, R"({"json":{"defined":false,"code":"TOO_MANY_REQUESTS",)"
                       R"("status":429,"message":)"
                       R"("Too many requests. Please try again later."}})");
  EXPECT_EQ(last.Header("retry-after"), "20");
}

}  // namespace
}  // namespace libretto::cloud
