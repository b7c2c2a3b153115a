// Setting a new password over a real socket.
#include <gtest/gtest.h>

#include "tests/cloud/live_cloud.h"

namespace libretto::cloud {
namespace {

using std::chrono::hours;
using testing::LiveCloud;
using testing::RawResponse;

class PasswordResetRoutesTest : public ::testing::Test {
 protected:
  PasswordResetRoutesTest() { cloud_.parts.SignUp("ann"); }

  RawResponse Request(const Json& body) {
    return cloud_.Post("/api/auth/request-password-reset", body.dump());
  }

  RawResponse RequestByCommandLine(const Json& input) {
    return cloud_.Post("/v1/auth/requestPasswordReset",
                       Json{{"json", input}}.dump());
  }

  RawResponse SetPassword(const Json& body, const std::string& query = "") {
    return cloud_.Post("/api/auth/reset-password" + query, body.dump());
  }

  // The path and query of the link in the last mail.
  std::string MailedTarget() {
    return cloud_.parts.mailer.LastLink().substr(
        std::string("http://cloud.test").size());
  }

  std::string MailedToken() {
    return std::string(cloud_.parts.MailedToken().Reveal());
  }

  std::string Follow(const std::string& target) {
    const RawResponse response = cloud_.Get(target);
    EXPECT_EQ(response.status, 302) << response.body;
    return response.Header("location");
  }

  int SignInStatus(const std::string& password) {
    return cloud_
        .Post(
            "/api/auth/sign-in/email",
            Json{{"email", "ann@example.test"}, {"password", password}}.dump())
        .status;
  }

  static Json Error(const char* code, const char* message) {
    return {{"code", code}, {"message", message}};
  }

  LiveCloud cloud_;
};

TEST_F(PasswordResetRoutesTest, TheWholeWay) {
  const std::string cookie = cloud_.SignIn("ann");
  ASSERT_EQ(
      Request({{"email", "ann@example.test"}, {"redirectTo", "/new"}}).status,
      200);
  const std::string token = MailedToken();
  EXPECT_EQ(Follow(MailedTarget()), "/new?token=" + token);
  // Following the link is no use of it.
  EXPECT_EQ(Follow(MailedTarget()), "/new?token=" + token);
  const Json body = {{"newPassword", "a new password"}, {"token", token}};
  const RawResponse set = SetPassword(body);
  EXPECT_EQ(set.status, 200);
  EXPECT_EQ(set.body, R"({"status":true})");
  EXPECT_EQ(SignInStatus("a new password"), 200);
  EXPECT_EQ(SignInStatus("password of ann"), 401);
  EXPECT_EQ(cloud_.Get("/api/auth/get-session", {{"cookie", cookie}}).body,
            "null");
  EXPECT_EQ(SetPassword(body).status, 400);
  EXPECT_EQ(SetPassword(body).json(), Error("INVALID_TOKEN", "Invalid token"));
  EXPECT_EQ(Follow(MailedTarget()), "/new?error=INVALID_TOKEN");
}

TEST_F(PasswordResetRoutesTest, AnUnknownAddressIsAnsweredAlike) {
  const RawResponse known = Request({{"email", "ann@example.test"}});
  const RawResponse unknown = Request({{"email", "nobody@example.test"}});
  EXPECT_EQ(known.status, 200);
  EXPECT_EQ(
      known.body,
      R"({"status":true,"message":"If this email exists in our system, check your email for the reset link"})");
  EXPECT_EQ(unknown.status, known.status);
  EXPECT_EQ(unknown.body, known.body);
  EXPECT_EQ(cloud_.parts.mailer.mails().size(), 2U);
}

TEST_F(PasswordResetRoutesTest, TheCommandLinesLinkEndsAtThePage) {
  const RawResponse known =
      RequestByCommandLine({{"email", "Ann@example.test"}});
  EXPECT_EQ(known.status, 200);
  EXPECT_EQ(known.body, R"({"json":{"status":"sent"}})");
  EXPECT_EQ(Follow(MailedTarget()), "/reset-password?token=" + MailedToken());
  EXPECT_EQ(RequestByCommandLine({{"email", "nobody@example.test"}}).body,
            known.body);
  EXPECT_EQ(RequestByCommandLine({{"email", "nobody"}}).status, 400);
  EXPECT_EQ(RequestByCommandLine({{"email", Json::array({"ann@example.test"})}})
                .status,
            400);
}

TEST_F(PasswordResetRoutesTest, WithoutARedirectTheLinkEndsAtThePageToo) {
  Request({{"email", "ann@example.test"}});
  EXPECT_EQ(Follow(MailedTarget()), "/reset-password?token=" + MailedToken());
}

TEST_F(PasswordResetRoutesTest, ALinkLeadsToTrustedGroundOnly) {
  const RawResponse response = Request(
      {{"email", "ann@example.test"}, {"redirectTo", "http://evil.test/"}});
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.json(),
            Error("INVALID_REDIRECTURL", "Invalid redirectURL"));
  EXPECT_EQ(cloud_.parts.mailer.mails().size(), 1U);
  Request({{"email", "ann@example.test"}});
  const std::string path = "/api/auth/reset-password/" + MailedToken();
  const RawResponse foreign = cloud_.Get(path + "?callbackURL=//evil.test");
  EXPECT_EQ(foreign.status, 403);
  EXPECT_EQ(foreign.json(),
            Error("INVALID_CALLBACKURL", "Invalid callbackURL"));
  EXPECT_EQ(cloud_.Get(path).json(),
            Error("VALIDATION_ERROR",
                  "[query.callbackURL] Invalid input: expected string, "
                  "received undefined"));
}

TEST_F(PasswordResetRoutesTest, TheCallbacksQueryAndFragmentStay) {
  EXPECT_EQ(Follow("/api/auth/reset-password/x?callbackURL=/a%3Fb=1%23c"),
            "/a?b=1&error=INVALID_TOKEN#c");
  EXPECT_EQ(Follow("/api/auth/reset-password/x?callbackURL=/a%23c%3Fd"),
            "/a?error=INVALID_TOKEN#c?d");
}

TEST_F(PasswordResetRoutesTest, ALinkThatIsTooOldIsRefused) {
  Request({{"email", "ann@example.test"}});
  cloud_.parts.clock.Advance(hours(1));
  EXPECT_EQ(Follow(MailedTarget()), "/reset-password?error=INVALID_TOKEN");
  EXPECT_EQ(
      SetPassword({{"newPassword", "a new password"}, {"token", MailedToken()}})
          .status,
      400);
}

TEST_F(PasswordResetRoutesTest, ThePasswordIsLookedAtFirst) {
  EXPECT_EQ(SetPassword({{"newPassword", "short"}, {"token", "x"}}).json(),
            Error("PASSWORD_TOO_SHORT", "Password too short"));
  EXPECT_EQ(
      SetPassword({{"newPassword", std::string(129, 'x')}, {"token", "x"}})
          .json(),
      Error("PASSWORD_TOO_LONG", "Password too long"));
  EXPECT_EQ(SetPassword({{"newPassword", "a new password"}}).json(),
            Error("INVALID_TOKEN", "Invalid token"));
  EXPECT_EQ(SetPassword({{"newPassword", 5}}).json()["code"],
            "VALIDATION_ERROR");
}

TEST_F(PasswordResetRoutesTest, TheTokenMayStandInTheQuery) {
  Request({{"email", "ann@example.test"}});
  EXPECT_EQ(SetPassword({{"newPassword", "a new password"}},
                        "?token=" + MailedToken())
                .status,
            200);
}

TEST_F(PasswordResetRoutesTest, TheLogHasNoToken) {
  Request({{"email", "ann@example.test"}});
  const std::string token = MailedToken();
  cloud_.Get(MailedTarget());
  cloud_.Post("/api/auth/reset-password/" + token, "{}");
  cloud_.Get("/api/auth/reset-password/" + token + "/");
  EXPECT_EQ(cloud_.log().find(token), std::string::npos) << cloud_.log();
  EXPECT_NE(cloud_.log().find("GET /api/auth/reset-password/:token 302"),
            std::string::npos)
      << cloud_.log();
}

}  // namespace
}  // namespace libretto::cloud
