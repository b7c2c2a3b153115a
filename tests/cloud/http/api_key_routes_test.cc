// API keys over a real socket.
#include <gtest/gtest.h>

#include "tests/cloud/live_cloud.h"

namespace libretto::cloud {
namespace {

using std::chrono::hours;
using testing::LiveCloud;
using testing::RawResponse;

class ApiKeyRoutesTest : public ::testing::Test {
 protected:
  ApiKeyRoutesTest() {
    cloud_.parts.SignUp("ann");
    signed_in_ = {{"cookie", cloud_.SignIn("ann")},
                  {"origin", "http://cloud.test"}};
  }

  RawResponse Create(const Json& body) {
    return cloud_.Post("/api/auth/api-key/create", body.dump(), signed_in_);
  }

  RawResponse Update(const Json& body, const testing::Headers& headers) {
    return cloud_.Post("/api/auth/api-key/update", body.dump(), headers);
  }

  RawResponse Delete(const std::string& id, const testing::Headers& headers) {
    return cloud_.Post("/api/auth/api-key/delete", Json{{"keyId", id}}.dump(),
                       headers);
  }

  RawResponse GetSession(const std::string& key,
                         testing::Headers headers = {}) {
    headers.emplace_back("x-api-key", key);
    return cloud_.Get("/api/auth/get-session", headers);
  }

  LiveCloud cloud_;
  testing::Headers signed_in_;
};

TEST_F(ApiKeyRoutesTest, ANewKeyIsShownWithItsFieldsInOrder) {
  const RawResponse response =
      Create({{"name", "laptop"}, {"expiresIn", 86400}});
  ASSERT_EQ(response.status, 200) << response.body;
  const Json key = response.json();
  const std::string text = key["key"];
  EXPECT_EQ(text.size(), 64U);
  EXPECT_EQ(text.find_first_of("0123456789"), std::string::npos);
  EXPECT_EQ(
      response.body,
      R"({"name":"laptop","start":")" + text.substr(0, 6) +
          R"(","prefix":null,"key":")" + text + R"(","userId":")" +
          key["userId"].get<std::string>() +
          R"(","refillInterval":null,"refillAmount":null,"lastRefillAt":null,)"
          R"("enabled":true,"rateLimitEnabled":false,)"
          R"("rateLimitTimeWindow":86400000,"rateLimitMax":10,)"
          R"("requestCount":0,"remaining":null,"lastRequest":null,)"
          R"("expiresAt":"2026-01-02T00:00:00.000Z",)"
          R"("createdAt":"2026-01-01T00:00:00.000Z",)"
          R"("updatedAt":"2026-01-01T00:00:00.000Z","permissions":null,)"
          R"("metadata":null,"id":")" +
          key["id"].get<std::string>() + R"("})");
}

TEST_F(ApiKeyRoutesTest, TheListIsABareArrayWithoutTheKeys) {
  const std::string key =
      Create({{"prefix", "lc_"}, {"metadata", {{"a", 1}}}}).json()["key"];
  const RawResponse response = cloud_.Get("/api/auth/api-key/list", signed_in_);
  ASSERT_TRUE(response.json().is_array()) << response.body;
  const Json entry = response.json()[0];
  EXPECT_EQ(entry["name"], nullptr);
  EXPECT_EQ(entry["start"], key.substr(0, 6));
  EXPECT_EQ(entry["metadata"], Json({{"a", 1}}));
  EXPECT_FALSE(entry.contains("key"));
  EXPECT_EQ(response.body.find(key.substr(6)), std::string::npos);
}

TEST_F(ApiKeyRoutesTest, WhatAClientMayNotSetIsRefused) {
  for (const char* name :
       {"remaining", "refillAmount", "refillInterval", "rateLimitMax",
        "rateLimitTimeWindow", "rateLimitEnabled", "permissions"}) {
    EXPECT_EQ(Create({{name, 5}}).status, 400) << name;
  }
  EXPECT_EQ(Create({{"userId", "x"}}).status, 401);
  EXPECT_EQ(cloud_.Get("/api/auth/api-key/list", signed_in_).body, "[]");
}

TEST_F(ApiKeyRoutesTest, LimitsAreSaidInTheContractsWords) {
  EXPECT_EQ(Create({{"name", std::string(33, 'x')}}).json()["message"],
            "The name length is either too large or too small.");
  EXPECT_EQ(Create({{"expiresIn", 86399}}).json()["message"],
            "The expiresIn is smaller than the predefined minimum value.");
  EXPECT_EQ(Create({{"expiresIn", 1e300}}).json()["message"],
            "The expiresIn is larger than the predefined maximum value.");
  EXPECT_EQ(Create({{"expiresIn", 0}}).json()["message"],
            "[body.expiresIn] Too small: expected number to be >=1");
  EXPECT_EQ(Create({{"name", 5}, {"expiresIn", "x"}}).json()["message"],
            "[body.name] Invalid input: expected string, received number; "
            "[body.expiresIn] Invalid input: expected number, received string");
  EXPECT_EQ(Create({{"prefix", "a b"}}).status, 400);
  EXPECT_EQ(Create({{"metadata", "s"}}).status, 400);
  EXPECT_EQ(Create({{"name", ""}, {"expiresIn", nullptr}}).status, 200);
}

TEST_F(ApiKeyRoutesTest, NobodyGetsNoKey) {
  const RawResponse response = cloud_.Post("/api/auth/api-key/create", "{}");
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.json()["message"], "Unauthorized or invalid session");
}

TEST_F(ApiKeyRoutesTest, AKeyIsASessionOfItsUser) {
  const Json key = Create({{"name", "a"}}).json();
  const RawResponse response = GetSession(key["key"]);
  ASSERT_EQ(response.status, 200);
  EXPECT_EQ(response.json()["user"]["email"], "ann@example.test");
  EXPECT_EQ(response.json()["session"]["id"], key["id"]);
  EXPECT_EQ(response.json()["session"]["token"], key["key"]);
  EXPECT_EQ(response.json()["session"]["userAgent"], nullptr);
  EXPECT_EQ(response.Header("x-api-key"), "");
}

TEST_F(ApiKeyRoutesTest, AKeyBeatsTheCookieAlsoWhenItIsBad) {
  cloud_.parts.SignUp("bob");
  const std::string bobs = cloud_.SignIn("bob");
  const std::string anns = Create(Json::object()).json()["key"];
  EXPECT_EQ(GetSession(anns, {{"cookie", bobs}}).json()["user"]["email"],
            "ann@example.test");
  const RawResponse malformed = GetSession("abc", {{"cookie", bobs}});
  EXPECT_EQ(malformed.status, 403);
  EXPECT_EQ(malformed.json()["message"], "Invalid API key.");
  EXPECT_EQ(GetSession(std::string(64, 'x'), {{"cookie", bobs}}).status, 401);
}

TEST_F(ApiKeyRoutesTest, AKeyMayDeleteItselfWithoutCookieOrOrigin) {
  const Json key = Create(Json::object()).json();
  const testing::Headers by_key = {{"x-api-key", key["key"]}};
  const RawResponse response = Delete(key["id"], by_key);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"success":true})");
  EXPECT_EQ(Delete(key["id"], by_key).status, 401);
  const RawResponse again = Delete(key["id"], signed_in_);
  EXPECT_EQ(again.status, 404);
  EXPECT_EQ(again.json()["message"], "API Key not found");
}

TEST_F(ApiKeyRoutesTest, DeletingWantsAnId) {
  EXPECT_EQ(cloud_.Post("/api/auth/api-key/delete", "{}", signed_in_).status,
            400);
}

TEST_F(ApiKeyRoutesTest, AnExpiredKeySaysSoOnce) {
  const std::string key = Create({{"expiresIn", 86400}}).json()["key"];
  cloud_.parts.clock.Advance(hours(24));
  EXPECT_EQ(GetSession(key).json()["message"], "API Key has expired");
  EXPECT_EQ(GetSession(key).json()["message"], "Invalid API key.");
}

TEST_F(ApiKeyRoutesTest, AKeyThatIsSwitchedOffIsRefusedEverywhere) {
  const Json key = Create({{"name", "a"}}).json();
  const RawResponse off =
      Update({{"keyId", key["id"]}, {"enabled", false}}, signed_in_);
  ASSERT_EQ(off.status, 200) << off.body;
  Json shown = key;
  shown.erase("key");
  shown["enabled"] = false;
  EXPECT_EQ(off.json(), shown);
  EXPECT_EQ(cloud_.Get("/api/auth/api-key/list", signed_in_).json()[0], shown);

  const RawResponse refused = GetSession(key["key"]);
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.body,
            R"({"code":"KEY_DISABLED","message":"API Key is disabled"})");
  // It cannot switch itself on.
  EXPECT_EQ(Update({{"keyId", key["id"]}, {"enabled", true}},
                   {{"x-api-key", key["key"]}})
                .status,
            401);
  const RawResponse by_rpc =
      cloud_.Post("/v1/credentials/list", "{}", {{"x-api-key", key["key"]}});
  EXPECT_EQ(by_rpc.status, 401);
  EXPECT_EQ(by_rpc.json()["json"]["message"], "API Key is disabled");

  EXPECT_EQ(
      Update({{"keyId", key["id"]}, {"enabled", true}}, signed_in_).status,
      200);
  EXPECT_EQ(GetSession(key["key"]).status, 200);
}

TEST_F(ApiKeyRoutesTest, AKeyMayRenameItself) {
  const Json key = Create({{"name", "a"}}).json();
  EXPECT_EQ(
      Update({{"keyId", key["id"]}, {"name", "b"}}, {{"x-api-key", key["key"]}})
          .json()["name"],
      "b");
}

TEST_F(ApiKeyRoutesTest, RefusalsToUpdateAreInTheContractsWords) {
  const std::string id = Create({{"name", "a"}}).json()["id"];
  const auto message = [&](const Json& body) {
    return Update(body, signed_in_).json()["message"];
  };
  EXPECT_EQ(message({{"keyId", id}}), "No values to update.");
  EXPECT_EQ(message({{"keyId", "nope"}}), "API Key not found");
  EXPECT_EQ(message({{"keyId", id}, {"name", ""}}),
            "The name length is either too large or too small.");
  EXPECT_EQ(message({{"keyId", id}, {"name", std::string(33, 'x')}}),
            "The name length is either too large or too small.");
  EXPECT_EQ(message({{"keyId", 5}, {"enabled", 5}}),
            "[body.keyId] Invalid input: expected string, received number; "
            "[body.enabled] Invalid input: expected boolean, received number");
  EXPECT_EQ(Update({{"keyId", id}, {"userId", "x"}}, signed_in_).status, 401);
  EXPECT_EQ(Update({{"keyId", id}, {"remaining", 5}}, signed_in_).status, 400);
  // What this server cannot change is not silently left as it is.
  for (const char* const name : {"expiresIn", "metadata"}) {
    EXPECT_EQ(Update({{"keyId", id}, {"name", "b"}, {name, 86400}}, signed_in_)
                  .status,
              400);
  }
  EXPECT_EQ(Update({{"keyId", id}}, {}).json()["message"],
            "Unauthorized or invalid session");
}

TEST_F(ApiKeyRoutesTest, SigningOutLeavesTheKey) {
  const std::string key = Create(Json::object()).json()["key"];
  EXPECT_EQ(cloud_.Send("POST", "/api/auth/sign-out", "", {{"x-api-key", key}})
                .status,
            200);
  EXPECT_EQ(GetSession(key).status, 200);
}

}  // namespace
}  // namespace libretto::cloud
