// The command line's login through a browser, over a real socket.
#include <gtest/gtest.h>

#include "tests/cloud/live_cloud.h"

namespace libretto::cloud {
namespace {

using std::chrono::minutes;
using testing::Headers;
using testing::LiveCloud;
using testing::RawResponse;

class CliLoginRoutesTest : public ::testing::Test {
 protected:
  CliLoginRoutesTest() { cloud_.parts.NewTenantKey("ann"); }

  RawResponse Call(const std::string& procedure, const Json& input,
                   const Headers& headers = {}) {
    return cloud_.Post("/v1/" + procedure, Json{{"json", input}}.dump(),
                       headers);
  }

  // As a page of this server does it.
  Headers SignedIn(const std::string& name) {
    return {{"cookie", cloud_.SignIn(name)}, {"origin", "http://cloud.test"}};
  }

  // {requestId, secret}
  Json Open() {
    Json opened = Call("auth/cliLoginCreate", Json::object()).json()["json"];
    opened.erase("expiresAt");
    return opened;
  }

  RawResponse Poll(const Json& login) {
    return Call("auth/cliLoginPoll", login);
  }

  RawResponse Approve(const Json& login, const Headers& headers) {
    return Call("auth/cliLoginApprove", login, headers);
  }

  Json UserOf(const std::string& cookie) {
    return cloud_.Get("/api/auth/get-session", {{"cookie", cookie}})
        .json()["user"];
  }

  LiveCloud cloud_;
};

TEST_F(CliLoginRoutesTest, TheCommandLineGetsASessionOfItsOwn) {
  const RawResponse created = Call("auth/cliLoginCreate", Json::object());
  ASSERT_EQ(created.status, 200) << created.body;
  Json login = created.json()["json"];
  EXPECT_EQ(login["expiresAt"], "2026-01-01T00:10:00.000Z");
  login.erase("expiresAt");
  EXPECT_EQ(Poll(login).body, R"({"json":{"status":"pending"}})");
  const Headers browser = SignedIn("ann");
  EXPECT_EQ(Approve(login, browser).body,
            R"({"json":{"status":"approved","email":"ann@example.test"}})");
  const Json approved = Poll(login).json()["json"];
  EXPECT_EQ(approved["status"], "approved");
  EXPECT_EQ(approved["email"], "ann@example.test");
  EXPECT_EQ(approved["emailVerified"], true);
  EXPECT_EQ(approved["sessionExpiresAt"], "2026-01-08T00:00:00.000Z");
  const std::string cookie = approved["cookieHeader"];
  EXPECT_NE(cookie, browser.front().second);
  EXPECT_EQ(UserOf(cookie)["id"], approved["userId"]);
  // The browser's sign-out does not reach it.
  cloud_.Send("POST", "/api/auth/sign-out", "", browser);
  EXPECT_EQ(UserOf(cookie)["id"], approved["userId"]);
}

TEST_F(CliLoginRoutesTest, ASecondPollFindsNothing) {
  const Json login = Open();
  Approve(login, SignedIn("ann"));
  ASSERT_EQ(Poll(login).status, 200);
  const RawResponse again = Poll(login);
  EXPECT_EQ(again.status, 404);
  EXPECT_EQ(
      again.body,
      R"({"json":{"defined":false,"code":"NOT_FOUND","status":404,"message":"CLI login request not found"}})");
}

TEST_F(CliLoginRoutesTest, AWrongSecretLooksLikeAnUnknownRequest) {
  Json login = Open();
  login["secret"] = "wrong";
  const RawResponse wrong = Poll(login);
  login["requestId"] = "00000000-0000-4000-8000-000000000000";
  const RawResponse unknown = Poll(login);
  EXPECT_EQ(wrong.status, 404);
  EXPECT_EQ(wrong.status, unknown.status);
  EXPECT_EQ(wrong.body, unknown.body);
  EXPECT_EQ(Approve(login, SignedIn("ann")).body, unknown.body);
}

TEST_F(CliLoginRoutesTest, AnExpiredRequestSaysSo) {
  const Json login = Open();
  cloud_.parts.clock.Advance(minutes(10));
  EXPECT_EQ(Poll(login).body, R"({"json":{"status":"expired"}})");
  EXPECT_EQ(Approve(login, SignedIn("ann")).status, 404);
}

TEST_F(CliLoginRoutesTest, AnUnverifiedUserIsToldToVerify) {
  cloud_.parts.SignUp("bob");
  const Json login = Open();
  EXPECT_EQ(
      Approve(login, SignedIn("bob")).body,
      R"({"json":{"status":"pending_verification","email":"bob@example.test"}})");
  EXPECT_EQ(Poll(login).body, R"({"json":{"status":"pending"}})");
}

TEST_F(CliLoginRoutesTest, WrongInputIsDescribed) {
  for (const Json& input :
       {Json::object(), Json{{"requestId", "x"}, {"secret", "y"}},
        Json{{"requestId", 5}, {"secret", Json::array()}}}) {
    EXPECT_EQ(Poll(input).status, 400) << input;
    EXPECT_EQ(Approve(input, SignedIn("ann")).status, 400) << input;
  }
}

TEST_F(CliLoginRoutesTest, TheLogHasNeitherSecretNorSession) {
  const Json login = Open();
  Approve(login, SignedIn("ann"));
  const std::string cookie = Poll(login).json()["json"]["cookieHeader"];
  EXPECT_EQ(cloud_.log().find(login["secret"]), std::string::npos);
  EXPECT_EQ(cloud_.log().find(cookie), std::string::npos);
}

}  // namespace
}  // namespace libretto::cloud
