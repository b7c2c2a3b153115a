// The command line's login, the state of an account and its end over a real
// socket: what a session may do on /v1.
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
  CliLoginRoutesTest() : key_(cloud_.parts.NewTenantKey("ann")) {}

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
  const SecretBytes key_;
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

TEST_F(CliLoginRoutesTest, TheStateOfAnAccountIsShown) {
  const Json status =
      Call("auth/status", Json::object(), SignedIn("ann")).json()["json"];
  const User user = cloud_.parts.store->LoginByEmail("ann@example.test")->user;
  EXPECT_EQ(status["userId"], user.id);
  EXPECT_EQ(status["email"], "ann@example.test");
  EXPECT_EQ(status["emailVerified"], true);
  EXPECT_EQ(status["hasTenant"], true);
  EXPECT_EQ(status["tenantId"],
            cloud_.parts.store->OrganizationsOf(user.id)->front().id);
}

TEST_F(CliLoginRoutesTest, AnAccountWithoutOrganizationHasNoTenant) {
  const RawResponse signed_up = cloud_.Post(
      "/api/auth/sign-up/email",
      R"({"name":"","email":"bob@example.test","password":"password1"})");
  const std::string cookie = signed_up.Header("set-cookie");
  const Json status = Call("auth/status", Json::object(),
                           {{"cookie", cookie.substr(0, cookie.find(';'))},
                            {"origin", "http://cloud.test"}})
                          .json()["json"];
  EXPECT_EQ(status["emailVerified"], false);
  EXPECT_EQ(status["hasTenant"], false);
  EXPECT_EQ(status["tenantId"], nullptr);
}

TEST_F(CliLoginRoutesTest, ADeletedAccountIsSignedOut) {
  const Headers browser = SignedIn("ann");
  const RawResponse deleted =
      Call("dashboard/deleteAccount", Json::object(), browser);
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(deleted.body, R"({"json":{"success":true}})");
  ASSERT_EQ(deleted.AllHeaders("set-cookie").size(), 3U);
  EXPECT_TRUE(deleted.Header("set-cookie")
                  .starts_with("better-auth.session_token=; Max-Age=0"));
  EXPECT_EQ(UserOf(browser.front().second), nullptr);
  EXPECT_EQ(Call("credentials/list", Json::object(),
                 {{"x-api-key", std::string(key_.Reveal())}})
                .status,
            401);
}

TEST_F(CliLoginRoutesTest, TheOnlyOwnerOfOthersIsToldWhatToDo) {
  const User ann = cloud_.parts.store->LoginByEmail("ann@example.test")->user;
  NewAccount mate;
  mate.user.id = "mate";
  mate.user.email = "mate@example.test";
  mate.session.user_id = "mate";
  mate.membership.emplace();
  mate.membership->user_id = "mate";
  mate.membership->organization_id =
      cloud_.parts.store->OrganizationsOf(ann.id)->front().id;
  mate.membership->role = "member";
  ASSERT_TRUE(cloud_.parts.store->AddAccount(mate).ok());
  const Headers browser = SignedIn("ann");
  const RawResponse refused =
      Call("dashboard/deleteAccount", Json::object(), browser);
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.json()["json"]["code"], "CONFLICT");
  EXPECT_EQ(refused.json()["json"]["message"],
            "You are the only owner of an organization that has other "
            "members. Invite another owner first.");
  EXPECT_NE(UserOf(browser.front().second), nullptr);
}

// Every procedure that a session may call, whoever adds it.
class SessionProceduresTest : public CliLoginRoutesTest {
 protected:
  void ExpectRefused(const Headers& headers, int status) {
    int procedures = 0;
    for (const Route& route : cloud_.router().routes()) {
      if (route.auth != Auth::kSession || !route.path.starts_with("/v1/")) {
        continue;
      }
      ++procedures;
      EXPECT_EQ(cloud_.Post(std::string(route.path), "", headers).status,
                status)
          << route.path;
    }
    EXPECT_GE(procedures, 3);
    EXPECT_TRUE(cloud_.parts.store->LoginByEmail("ann@example.test").ok());
  }
};

TEST_F(SessionProceduresTest, NobodyIsUnauthorized) {
  ExpectRefused({}, 401);
  ExpectRefused({{"origin", "http://cloud.test"},
                 {"cookie", "better-auth.session_token=x"}},
                401);
}

TEST_F(SessionProceduresTest, AKeyIsNoSession) {
  const std::string key(key_.Reveal());
  ExpectRefused({{"x-api-key", key}}, 401);
  Headers both = SignedIn("ann");
  both.emplace_back("x-api-key", key);
  ExpectRefused(both, 401);
  both.back().second = std::string(64, 'x');
  ExpectRefused(both, 401);
}

TEST_F(SessionProceduresTest, AForeignPageCannotUseTheCookie) {
  const std::string cookie = cloud_.SignIn("ann");
  ExpectRefused({{"cookie", cookie}}, 403);
  ExpectRefused({{"cookie", cookie}, {"origin", "null"}}, 403);
  ExpectRefused({{"cookie", cookie}, {"origin", "http://evil.test"}}, 403);
  ExpectRefused({{"cookie", cookie}, {"referer", "http://evil.test/"}}, 403);
}

TEST_F(SessionProceduresTest, UseAfterADayRenewsTheCookie) {
  const Headers browser = SignedIn("ann");
  cloud_.parts.clock.Advance(std::chrono::hours(24));
  EXPECT_TRUE(Call("auth/status", Json::object(), browser)
                  .Header("set-cookie")
                  .starts_with(browser.front().second));
}

}  // namespace
}  // namespace libretto::cloud
