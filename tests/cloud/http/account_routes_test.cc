// Sign-up and sign-in over a real socket.
#include <gtest/gtest.h>

#include "cloud/http/limits.h"
#include "tests/cloud/live_cloud.h"

namespace libretto::cloud {
namespace {

using testing::LiveCloud;
using testing::RawResponse;

Json SignUpBody(const std::string& name) {
  return {{"name", name},
          {"email", name + "@example.test"},
          {"password", "password of " + name},
          {"organizationName", name + " Inc."},
          {"organizationSlug", name},
          {"debugNotificationEmail", "alert@example.test"}};
}

class AccountRoutesTest : public ::testing::Test {
 protected:
  RawResponse SignUpWithOrg(const Json& input) {
    return cloud_.Post("/v1/auth/signupAndCreateOrg",
                       Json{{"json", input}}.dump());
  }
  RawResponse SignIn(const Json& body, const testing::Headers& headers = {}) {
    return cloud_.Post("/api/auth/sign-in/email", body.dump(), headers);
  }
  RawResponse SignUp(const Json& body) {
    return cloud_.Post("/api/auth/sign-up/email", body.dump());
  }
  static Json Error(const char* code, const char* message) {
    return {{"code", code}, {"message", message}};
  }

  LiveCloud cloud_;
};

TEST_F(AccountRoutesTest, SignUpWithOrganizationAnswersInItsEnvelope) {
  const RawResponse response = SignUpWithOrg(SignUpBody("ann"));
  ASSERT_EQ(response.status, 200) << response.body;
  const Json result = response.json()["json"];
  EXPECT_EQ(result["email"], "ann@example.test");
  EXPECT_EQ(result["organizationSlug"], "ann");
  EXPECT_EQ(result["emailVerified"], false);
  const std::string token = result["sessionToken"];
  EXPECT_EQ(token.size(), 32U);
  ASSERT_EQ(result["setCookie"].size(), 1U);
  const std::string cookie = result["setCookie"][0];
  EXPECT_TRUE(cookie.starts_with("better-auth.session_token=" + token + "."));
  EXPECT_TRUE(
      cookie.ends_with("%3D; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"));
  EXPECT_EQ(cloud_.parts.mailer.mails().size(), 1U);
}

TEST_F(AccountRoutesTest, TheFieldsOfASignUpKeepTheirOrder) {
  const std::string body = SignUpWithOrg(SignUpBody("ann")).body;
  std::size_t at = 0;
  for (const char* field :
       {"userId", "email", "organizationId", "organizationSlug", "sessionToken",
        "setCookie", "emailVerified"}) {
    const std::size_t found = body.find('"' + std::string(field) + '"');
    ASSERT_NE(found, std::string::npos) << field;
    EXPECT_GT(found, at) << field;
    at = found;
  }
}

TEST_F(AccountRoutesTest, ATakenSlugIsAConflictThatTheCommandUnderstands) {
  SignUpWithOrg(SignUpBody("ann"));
  Json input = SignUpBody("bob");
  input["organizationSlug"] = "ann";
  const RawResponse response = SignUpWithOrg(input);
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(
      response.body,
      R"({"json":{"defined":false,"code":"CONFLICT","status":409,"message":"Organization slug \"ann\" is already taken.","data":{"reason":"slug_taken"}}})");
}

TEST_F(AccountRoutesTest, ATakenAddressIsAConflict) {
  SignUpWithOrg(SignUpBody("ann"));
  Json input = SignUpBody("ann");
  input["organizationSlug"] = "other";
  const RawResponse response = SignUpWithOrg(input);
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(response.json()["json"]["data"]["reason"], "email_taken");
}

TEST_F(AccountRoutesTest, WrongInputIsDescribedFieldByField) {
  const RawResponse response =
      SignUpWithOrg({{"name", ""},
                     {"email", "nope"},
                     {"password", "short"},
                     {"organizationName", 5},
                     {"organizationSlug", "Bad Slug"}});
  EXPECT_EQ(response.status, 400);
  const Json error = response.json()["json"];
  EXPECT_EQ(error["message"], "Input validation failed");
  const Json issues = error["data"]["issues"];
  ASSERT_EQ(issues.size(), 6U);
  const std::vector<std::string> messages = {
      "Too small: expected string to have >=1 characters",
      "Invalid email address",
      "Too small: expected string to have >=8 characters",
      "Invalid input: expected string, received number",
      "Invalid string: must match pattern "
      "/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/",
      "Invalid input: expected string, received undefined"};
  for (std::size_t i = 0; i < messages.size(); ++i) {
    EXPECT_EQ(issues[i]["message"], messages[i]);
  }
  EXPECT_EQ(issues[0]["path"], Json::array({"name"}));
}

TEST_F(AccountRoutesTest, AFieldOfAnotherTypeIsRefusedWhateverItIs) {
  const Json good = SignUpBody("ann");
  for (const auto& field : good.items()) {
    for (const Json& other : {Json(nullptr), Json(true), Json(7),
                              Json::array({"a@b.co"}), Json::object()}) {
      Json input = good;
      input[field.key()] = other;
      cloud_.parts.clock.Advance(kSignUpLimit.per_client_and_account->every);
      EXPECT_EQ(SignUpWithOrg(input).status, 400) << field.key() << other;
    }
  }
  EXPECT_TRUE(cloud_.parts.mailer.mails().empty());
}

TEST_F(AccountRoutesTest, SignUpAloneGivesASessionAndNoOrganization) {
  const RawResponse response = SignUp(
      {{"name", ""}, {"email", "Bob@example.test"}, {"password", "password1"}});
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.json()["user"]["email"], "bob@example.test");
  EXPECT_EQ(response.json()["user"]["image"], nullptr);
  const std::string cookie = response.Header("set-cookie");
  const RawResponse list =
      cloud_.Get("/api/auth/organization/list",
                 {{"cookie", cookie.substr(0, cookie.find(';'))}});
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(list.body, "[]");
}

TEST_F(AccountRoutesTest, SignUpSaysWhatIsWrong) {
  const Json good = {{"name", "Bob"},
                     {"email", "bob@example.test"},
                     {"password", "password1"}};
  const auto with = [&](const char* name, const Json& value) {
    Json body = good;
    body[name] = value;
    return SignUp(body);
  };
  EXPECT_EQ(with("password", "short").json(),
            Error("PASSWORD_TOO_SHORT", "Password too short"));
  EXPECT_EQ(with("password", std::string(129, 'x')).json(),
            Error("PASSWORD_TOO_LONG", "Password too long"));
  EXPECT_EQ(with("email", "bob").json(),
            Error("VALIDATION_ERROR", "[body.email] Invalid email address"));
  EXPECT_EQ(with("callbackURL", "http://evil.test/").status, 403);
  ASSERT_EQ(SignUp(good).status, 200);
  const RawResponse again = SignUp(good);
  EXPECT_EQ(again.status, 422);
  EXPECT_EQ(again.json(), Error("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
                                "User already exists. Use another email."));
  EXPECT_EQ(SignUp({{"email", 5}}).json()["message"],
            "[body.name] Invalid input: expected string, received undefined; "
            "[body.email] Invalid input: expected string, received number; "
            "[body.password] Invalid input: expected string, received "
            "undefined");
}

TEST_F(AccountRoutesTest, SignInGivesTokenUserAndCookie) {
  cloud_.parts.SignUp("ann");
  const RawResponse response =
      SignIn({{"email", "ANN@example.test"}, {"password", "password of ann"}});
  ASSERT_EQ(response.status, 200);
  const Json body = response.json();
  EXPECT_EQ(body["redirect"], false);
  EXPECT_EQ(body["user"]["email"], "ann@example.test");
  EXPECT_TRUE(response.Header("set-cookie")
                  .starts_with("better-auth.session_token=" +
                               body["token"].get<std::string>() + "."));
  EXPECT_EQ(response.Header("cache-control"), "no-store");
}

TEST_F(AccountRoutesTest, NotToBeRememberedMakesASessionCookie) {
  cloud_.parts.SignUp("ann");
  const RawResponse response = SignIn({{"email", "ann@example.test"},
                                       {"password", "password of ann"},
                                       {"rememberMe", false}});
  const auto cookies = response.AllHeaders("set-cookie");
  ASSERT_EQ(cookies.size(), 2U);
  EXPECT_TRUE(cookies[0].ends_with("%3D; Path=/; HttpOnly; SameSite=Lax"));
  EXPECT_TRUE(cookies[1].starts_with("better-auth.dont_remember=true."));
}

TEST_F(AccountRoutesTest, ACallbackIsFollowedOnTrustedGroundOnly) {
  cloud_.parts.SignUp("ann");
  const auto with = [this](const char* callback) {
    cloud_.parts.clock.Advance(kSignInLimit.per_client_and_account->every);
    return SignIn({{"email", "ann@example.test"},
                   {"password", "password of ann"},
                   {"callbackURL", callback}});
  };
  const RawResponse good = with("/x?y=1");
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.Header("location"), "/x?y=1");
  EXPECT_EQ(good.json()["redirect"], true);
  EXPECT_EQ(good.json()["url"], "/x?y=1");
  EXPECT_EQ(with("http://cloud.test/auth/verified").status, 200);
  for (const char* bad :
       {"http://evil.test/", "//evil.test/", "/\\evil.test", "javascript:x",
        "http://cloud.test@evil.test/", "http://cloud.test.evil.test/",
        "https://cloud.test/", "/a\r\nset-cookie: x=y", "", "x"}) {
    EXPECT_EQ(with(bad).status, 403) << bad;
  }
}

TEST_F(AccountRoutesTest, UnknownAddressAndWrongPasswordLookAlike) {
  cloud_.parts.SignUp("ann");
  RawResponse wrong =
      SignIn({{"email", "ann@example.test"}, {"password", "password of bob"}});
  RawResponse unknown =
      SignIn({{"email", "bob@example.test"}, {"password", "password of bob"}});
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.json(),
            Error("INVALID_EMAIL_OR_PASSWORD", "Invalid email or password"));
  const auto without_id = [](RawResponse& response) {
    std::erase_if(response.headers, [](const auto& header) {
      return header.first == "x-request-id";
    });
  };
  without_id(wrong);
  without_id(unknown);
  EXPECT_EQ(wrong.status, unknown.status);
  EXPECT_EQ(wrong.headers, unknown.headers);
  EXPECT_EQ(wrong.body, unknown.body);
}

TEST_F(AccountRoutesTest, SignInSaysWhatIsWrongWithTheBody) {
  EXPECT_EQ(SignIn({{"email", "zzz"}, {"password", "x"}}).json(),
            Error("INVALID_EMAIL", "Invalid email"));
  EXPECT_EQ(cloud_.Post("/api/auth/sign-in/email", "").json(),
            Error("VALIDATION_ERROR",
                  "[body] Invalid input: expected object, received undefined"));
  for (const char* malformed :
       {"{", "nonsense", "{\"email\":1,\"email\":2}", "{\"a\":\"\xff\"}"}) {
    const RawResponse response =
        cloud_.Post("/api/auth/sign-in/email", malformed);
    EXPECT_EQ(response.status, 400) << malformed;
    EXPECT_EQ(response.json(),
              Error("BAD_REQUEST", "Invalid JSON in request body"));
  }
  EXPECT_EQ(
      cloud_.Post("/api/auth/sign-in/email", std::string(2000, '[')).status,
      400);
  EXPECT_EQ(cloud_
                .Send("POST", "/api/auth/sign-in/email", "{}",
                      {{"content-type", "text/plain"}})
                .status,
            415);
}

TEST_F(AccountRoutesTest, ABodyWithoutATypeCountsAsNone) {
  const RawResponse response =
      cloud_.Send("POST", "/api/auth/sign-in/email", "{}", {});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.json(),
            Error("VALIDATION_ERROR",
                  "[body] Invalid input: expected object, received "
                  "undefined"));
}

TEST_F(AccountRoutesTest, AFormSignsInToo) {
  cloud_.parts.SignUp("ann");
  const RawResponse response =
      cloud_.Send("POST", "/api/auth/sign-in/email",
                  "email=ann%40example.test&password=password+of+ann",
                  {{"content-type", "application/x-www-form-urlencoded"}});
  EXPECT_EQ(response.status, 200) << response.body;
}

TEST_F(AccountRoutesTest, AForeignPageCannotSignAnybodyIn) {
  cloud_.parts.SignUp("ann");
  const auto status = [this](const testing::Headers& headers) {
    return SignIn(
               {{"email", "ann@example.test"}, {"password", "password of ann"}},
               headers)
        .status;
  };
  EXPECT_EQ(status({}), 200);
  EXPECT_EQ(status({{"origin", "http://cloud.test"}}), 200);
  EXPECT_EQ(
      status({{"sec-fetch-mode", "cors"}, {"origin", "http://cloud.test/"}}),
      200);
  EXPECT_EQ(status({{"origin", "http://evil.test"}}), 403);
  EXPECT_EQ(status({{"sec-fetch-mode", "cors"}}), 403);
  EXPECT_EQ(status({{"sec-fetch-site", "cross-site"}}), 403);
  EXPECT_EQ(status({{"cookie", "a=b"}}), 403);
}

TEST_F(AccountRoutesTest, ABadKeyRefusesEvenASignIn) {
  cloud_.parts.SignUp("ann");
  const Json body = {{"email", "ann@example.test"},
                     {"password", "password of ann"}};
  EXPECT_EQ(SignIn(body, {{"x-api-key", "short"}}).status, 403);
  EXPECT_EQ(SignIn(body, {{"x-api-key", std::string(64, 'x')}}).status, 401);
  EXPECT_EQ(SignIn(body, {{"x-api-key", ""}}).status, 200);
}

TEST(SecureCookieTest, HttpsMakesTheCookieSecure) {
  LiveCloud cloud("https://cloud.test");
  cloud.parts.SignUp("ann");
  const std::string cookie = cloud.SignIn("ann");
  EXPECT_TRUE(cookie.starts_with("__Secure-better-auth.session_token="));
  EXPECT_NE(cloud.Get("/api/auth/get-session", {{"cookie", cookie}}).body,
            "null");
  EXPECT_EQ(cloud
                .Get("/api/auth/get-session",
                     {{"cookie", cookie.substr(sizeof("__Secure-") - 1)}})
                .body,
            "null");
}

}  // namespace
}  // namespace libretto::cloud
