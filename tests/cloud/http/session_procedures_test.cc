// What a signed-in page may do on /v1, over a real socket: the state of an
// account, its end, and who is refused.
#include <gtest/gtest.h>

#include "tests/cloud/live_cloud.h"

namespace libretto::cloud {
namespace {

using testing::Headers;
using testing::LiveCloud;
using testing::RawResponse;

class SessionProceduresTest : public ::testing::Test {
 protected:
  SessionProceduresTest() : key_(cloud_.parts.NewTenantKey("ann")) {}

  RawResponse Call(const std::string& procedure, const Headers& headers) {
    return cloud_.Post("/v1/" + procedure, R"({"json":{}})", headers);
  }

  // As a page of this server does it.
  Headers SignedIn(const std::string& name) {
    return {{"cookie", cloud_.SignIn(name)}, {"origin", "http://cloud.test"}};
  }

  Json UserOf(const std::string& cookie) {
    return cloud_.Get("/api/auth/get-session", {{"cookie", cookie}})
        .json()["user"];
  }

  // By every procedure that takes a session, whoever adds it.
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

  LiveCloud cloud_;
  const SecretBytes key_;
};

TEST_F(SessionProceduresTest, TheStateOfAnAccountIsShown) {
  const Json status = Call("auth/status", SignedIn("ann")).json()["json"];
  const User user = cloud_.parts.store->LoginByEmail("ann@example.test")->user;
  EXPECT_EQ(status["userId"], user.id);
  EXPECT_EQ(status["email"], "ann@example.test");
  EXPECT_EQ(status["emailVerified"], true);
  EXPECT_EQ(status["hasTenant"], true);
  EXPECT_EQ(status["tenantId"],
            cloud_.parts.store->OrganizationsOf(user.id)->front().id);
}

TEST_F(SessionProceduresTest, AnAccountWithoutOrganizationHasNoTenant) {
  const RawResponse signed_up = cloud_.Post(
      "/api/auth/sign-up/email",
      R"({"name":"","email":"bob@example.test","password":"password1"})");
  const std::string cookie = signed_up.Header("set-cookie");
  const Json status =
      Call("auth/status", {{"cookie", cookie.substr(0, cookie.find(';'))},
                           {"origin", "http://cloud.test"}})
          .json()["json"];
  EXPECT_EQ(status["emailVerified"], false);
  EXPECT_EQ(status["hasTenant"], false);
  EXPECT_EQ(status["tenantId"], nullptr);
}

TEST_F(SessionProceduresTest, ADeletedAccountIsSignedOut) {
  const Headers browser = SignedIn("ann");
  const RawResponse deleted = Call("dashboard/deleteAccount", browser);
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(deleted.body, R"({"json":{"success":true}})");
  ASSERT_EQ(deleted.AllHeaders("set-cookie").size(), 3U);
  EXPECT_TRUE(deleted.Header("set-cookie")
                  .starts_with("better-auth.session_token=; Max-Age=0"));
  EXPECT_EQ(UserOf(browser.front().second), nullptr);
  EXPECT_EQ(
      Call("credentials/list", {{"x-api-key", std::string(key_.Reveal())}})
          .status,
      401);
}

TEST_F(SessionProceduresTest, TheOnlyOwnerOfOthersIsToldWhatToDo) {
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
  const RawResponse refused = Call("dashboard/deleteAccount", browser);
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.json()["json"]["code"], "CONFLICT");
  EXPECT_EQ(refused.json()["json"]["message"],
            "You are the only owner of an organization that has other "
            "members. Invite another owner first.");
  EXPECT_NE(UserOf(browser.front().second), nullptr);
}

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
  EXPECT_TRUE(Call("auth/status", browser)
                  .Header("set-cookie")
                  .starts_with(browser.front().second));
}

}  // namespace
}  // namespace libretto::cloud
