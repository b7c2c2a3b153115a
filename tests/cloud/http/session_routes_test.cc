// Who am I, sign-out and the mailed link over a real socket.
#include <gtest/gtest.h>

#include "tests/cloud/live_cloud.h"

namespace libretto::cloud {
namespace {

using std::chrono::hours;
using testing::LiveCloud;
using testing::RawResponse;

class SessionRoutesTest : public ::testing::Test {
 protected:
  SessionRoutesTest() {
    cloud_.parts.SignUp("ann");
    cookie_ = cloud_.SignIn("ann");
  }

  RawResponse GetSession(const std::string& query = "") {
    return cloud_.Get("/api/auth/get-session" + query, {{"cookie", cookie_}});
  }

  RawResponse SignOut(const testing::Headers& headers) {
    return cloud_.Send("POST", "/api/auth/sign-out", "", headers);
  }

  std::string MailedPath() {
    const std::string link = cloud_.parts.mailer.LastLink();
    return link.substr(std::string("http://cloud.test").size());
  }

  LiveCloud cloud_;
  std::string cookie_;
};

TEST_F(SessionRoutesTest, ASessionShowsItselfAndItsUser) {
  const RawResponse response = GetSession();
  EXPECT_EQ(response.status, 200);
  const Json body = response.json();
  EXPECT_EQ(body["user"]["email"], "ann@example.test");
  const std::string token = body["session"]["token"];
  EXPECT_TRUE(cookie_.starts_with("better-auth.session_token=" + token));
  EXPECT_EQ(body["session"]["userId"], body["user"]["id"]);
  EXPECT_EQ(body["session"]["expiresAt"], "2026-01-08T00:00:00.000Z");
  EXPECT_EQ(body["session"]["activeOrganizationId"], nullptr);
  EXPECT_EQ(body["session"]["ipAddress"], "");
  EXPECT_TRUE(response.AllHeaders("set-cookie").empty());
}

TEST_F(SessionRoutesTest, WithoutAGoodCookieTheSessionIsNull) {
  for (const std::string& cookie :
       {std::string("a=b"), std::string("better-auth.session_token=abc.def"),
        cookie_ + "x", std::string("better-auth.session_token=")}) {
    const RawResponse response =
        cloud_.Get("/api/auth/get-session", {{"cookie", cookie}});
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "null");
    EXPECT_TRUE(response.AllHeaders("set-cookie").empty());
  }
  EXPECT_EQ(cloud_.Get("/api/auth/get-session").body, "null");
}

TEST_F(SessionRoutesTest, TheCookieIsFoundAmongOthersAndUnencoded) {
  std::string plain = cookie_;
  for (const auto& [from, to] :
       {std::pair{"%2B", "+"}, {"%2F", "/"}, {"%3D", "="}}) {
    for (std::size_t at = 0; (at = plain.find(from)) != std::string::npos;) {
      plain.replace(at, 3, to);
    }
  }
  EXPECT_NE(
      cloud_
          .Get("/api/auth/get-session", {{"cookie", "a=b; " + plain + "; c=d"}})
          .body,
      "null");
}

TEST_F(SessionRoutesTest, AnEndedSessionIsNullAndItsCookiesAreCleared) {
  cloud_.parts.clock.Advance(hours(24 * 7));
  const RawResponse response = GetSession();
  EXPECT_EQ(response.body, "null");
  const auto cookies = response.AllHeaders("set-cookie");
  ASSERT_EQ(cookies.size(), 3U);
  EXPECT_EQ(cookies[0],
            "better-auth.session_token=; Max-Age=0; Path=/; HttpOnly; "
            "SameSite=Lax");
}

TEST_F(SessionRoutesTest, UseAfterADayRenewsTheSameCookie) {
  cloud_.parts.clock.Advance(hours(24));
  EXPECT_TRUE(
      GetSession("?disableRefresh=true").AllHeaders("set-cookie").empty());
  const RawResponse response = GetSession();
  EXPECT_EQ(response.Header("set-cookie"),
            cookie_ + "; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax");
  EXPECT_EQ(response.json()["session"]["expiresAt"],
            "2026-01-09T00:00:00.000Z");
  EXPECT_TRUE(GetSession().AllHeaders("set-cookie").empty());
}

TEST_F(SessionRoutesTest, SignOutEndsTheSession) {
  const RawResponse response =
      SignOut({{"cookie", cookie_}, {"origin", "http://cloud.test"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"success":true})");
  EXPECT_EQ(response.AllHeaders("set-cookie").size(), 3U);
  EXPECT_EQ(GetSession().body, "null");
}

TEST_F(SessionRoutesTest, SignOutWithoutASessionIsFine) {
  EXPECT_EQ(SignOut({}).status, 200);
  EXPECT_EQ(
      SignOut({{"cookie", "a=b"}, {"origin", "http://cloud.test"}}).status,
      200);
}

TEST_F(SessionRoutesTest, AForeignPageCannotUseTheCookie) {
  struct Case {
    testing::Headers headers;
    const char* code;
  };
  const Case cases[] = {
      {{}, "MISSING_OR_NULL_ORIGIN"},
      {{{"origin", "null"}}, "MISSING_OR_NULL_ORIGIN"},
      {{{"origin", "http://evil.test"}}, "INVALID_ORIGIN"},
      {{{"origin", "http://cloud.test.evil.test"}}, "INVALID_ORIGIN"},
      {{{"origin", "https://cloud.test"}}, "INVALID_ORIGIN"},
      {{{"origin", "http://cloud.test:81"}}, "INVALID_ORIGIN"},
      {{{"origin", "http://cloud.test"}, {"origin", "http://evil.test"}},
       "INVALID_ORIGIN"},
      {{{"referer", "http://evil.test/http://cloud.test"}}, "INVALID_ORIGIN"},
  };
  for (const Route& route : cloud_.router().routes()) {
    if (route.method != "POST" || !route.path.starts_with("/api/auth/")) {
      continue;
    }
    for (const Case& each : cases) {
      testing::Headers headers = each.headers;
      headers.emplace_back("cookie", cookie_);
      const RawResponse response =
          cloud_.Post(std::string(route.path), "{}", headers);
      EXPECT_EQ(response.status, 403) << route.path;
      EXPECT_EQ(response.json()["code"], each.code) << route.path;
    }
  }
  EXPECT_NE(GetSession().body, "null");
}

TEST_F(SessionRoutesTest, ARefererOfOursIsAsGoodAsAnOrigin) {
  EXPECT_EQ(
      SignOut({{"cookie", cookie_}, {"referer", "http://cloud.test/page?x"}})
          .status,
      200);
}

TEST_F(SessionRoutesTest, NobodyIsUnauthorized) {
  for (const char* path :
       {"/api/auth/organization/list", "/api/auth/api-key/list"}) {
    const RawResponse response = cloud_.Get(path);
    EXPECT_EQ(response.status, 401);
    EXPECT_EQ(response.json()["message"], "Unauthorized");
  }
}

TEST_F(SessionRoutesTest, TheMailedLinkVerifiesLiveSessionsAtOnce) {
  EXPECT_EQ(GetSession().json()["user"]["emailVerified"], false);
  const RawResponse response = cloud_.Get(MailedPath());
  EXPECT_EQ(response.status, 302);
  EXPECT_EQ(response.Header("location"), "/auth/verified");
  EXPECT_EQ(GetSession().json()["user"]["emailVerified"], true);
}

TEST_F(SessionRoutesTest, TheMailedLinkWorksOnce) {
  const std::string path = MailedPath();
  const std::string bare = path.substr(0, path.find('&'));
  EXPECT_EQ(cloud_.Get(bare).body, R"({"status":true,"user":null})");
  EXPECT_EQ(cloud_.Get(bare).status, 401);
  EXPECT_EQ(cloud_.Get(path).Header("location"),
            "/auth/verified?error=invalid_token");
  EXPECT_EQ(GetSession().json()["user"]["emailVerified"], true);
}

TEST_F(SessionRoutesTest, ABadLinkIsRefused) {
  const std::string path = "/api/auth/verify-email?token=abc";
  const RawResponse response = cloud_.Get(path);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.json()["code"], "INVALID_TOKEN");
  EXPECT_EQ(cloud_.Get(path + "&callbackURL=/done").Header("location"),
            "/done?error=invalid_token");
  EXPECT_EQ(cloud_.Get(path + "&callbackURL=/done%3Fx=1").Header("location"),
            "/done?x=1&error=invalid_token");
  EXPECT_EQ(cloud_.Get(path + "&callbackURL=http://evil.test").status, 403);
  EXPECT_EQ(cloud_.Get(path + "%ff").status, 401);
  EXPECT_EQ(cloud_.Get(path + "%00").status, 400);
  EXPECT_EQ(cloud_.Get("/api/auth/verify-email").status, 400);
}

TEST_F(SessionRoutesTest, AnotherVerificationMailIsSentOnRequest) {
  const auto send = [this](const std::string& email,
                           const testing::Headers& headers) {
    return cloud_.Post("/api/auth/send-verification-email",
                       Json{{"email", email}}.dump(), headers);
  };
  EXPECT_EQ(send("ann@example.test", {}).body, R"({"status":true})");
  EXPECT_EQ(send("nobody@example.test", {}).body, R"({"status":true})");
  EXPECT_EQ(cloud_.parts.mailer.mails().size(), 2U);
  const testing::Headers signed_in = {{"cookie", cookie_},
                                      {"origin", "http://cloud.test"}};
  EXPECT_EQ(send("nobody@example.test", signed_in).json()["code"],
            "EMAIL_MISMATCH");
  cloud_.Get(MailedPath());
  EXPECT_EQ(send("ann@example.test", signed_in).json()["code"],
            "EMAIL_IS_ALREADY_VERIFIED");
  EXPECT_EQ(send("x", {}).status, 400);
}

TEST_F(SessionRoutesTest, WhatIsNotThereSaysNothing) {
  for (const auto& [method, path] : {std::pair{"GET", "/api/auth/nope"},
                                     {"GET", "/api/auth/sign-in/email"},
                                     {"POST", "/api/auth/get-session"},
                                     {"DELETE", "/api/auth/api-key/list"},
                                     {"GET", "/api/auth/get-session/"},
                                     {"OPTIONS", "/api/auth/ok"}}) {
    const RawResponse response = cloud_.Send(method, path);
    EXPECT_EQ(response.status, 404) << method << path;
    EXPECT_EQ(response.body, "");
  }
  EXPECT_EQ(cloud_.Get("/api/auth/ok").body, R"({"ok":true})");
}

}  // namespace
}  // namespace libretto::cloud
