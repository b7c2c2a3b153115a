// Credentials over a real socket, and who reaches whose.
#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/cloud/live_cloud.h"

namespace libretto::cloud {
namespace {

using testing::LiveCloud;
using testing::RawResponse;

class CredentialRoutesTest : public ::testing::Test {
 protected:
  RawResponse Call(const std::string& procedure, const Json& input,
                   const std::string& key) {
    return cloud_.Post("/v1/credentials/" + procedure,
                       Json{{"json", input}}.dump(), {{"x-api-key", key}});
  }
  RawResponse Call(const std::string& procedure, const Json& input) {
    return Call(procedure, input, key_);
  }

  static std::string ErrorBody(int status, const std::string& code,
                               const std::string& message) {
    return R"({"json":{"defined":false,"code":")" + code + R"(","status":)" +
           std::to_string(status) + R"(,"message":")" + message + R"("}})";
  }

  LiveCloud cloud_;
  const std::string key_{cloud_.parts.NewTenantKey("ann").Reveal()};
};

TEST_F(CredentialRoutesTest, TheLifeOfACredential) {
  const RawResponse created = Call("create", {{"name", "a"}, {"value", "v"}});
  ASSERT_EQ(created.status, 200) << created.body;
  const std::string id = created.json()["json"]["credential_id"];
  EXPECT_EQ(created.body, R"({"json":{"success":true,"credential_id":")" + id +
                              R"(","message":"Credential created"}})");
  EXPECT_EQ(Call("get", {{"name", "a"}}).body,
            R"({"json":{"id":")" + id + R"(","value":"v"}})");
  EXPECT_EQ(Call("list", Json::object()).body,
            R"({"json":{"credentials":[{"credential_id":")" + id +
                R"(","name":"a","created_at":"2026-01-01T00:00:00.000Z",)"
                R"("updated_at":"2026-01-01T00:00:00.000Z"}]}})");
  EXPECT_EQ(Call("update", {{"id", id}, {"value", "w"}}).body,
            R"({"json":{"success":true,"message":"Credential updated"}})");
  EXPECT_EQ(Call("get", {{"name", "a"}}).json()["json"]["value"], "w");
  EXPECT_EQ(Call("upsert", {{"name", "a"}, {"value", "x"}}).body,
            R"({"json":{"success":true,"credential_id":")" + id +
                R"(","overwritten":true,"message":"Credential updated"}})");
  EXPECT_EQ(Call("delete", {{"id", id}}).body,
            R"({"json":{"success":true,"message":"Credential deleted"}})");
  const RawResponse gone = Call("delete", {{"id", id}});
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.body, ErrorBody(404, "NOT_FOUND", "Credential not found"));
}

TEST_F(CredentialRoutesTest, AnyTextComesBack) {
  const std::string value =
      "\xc3\xa4\n\"\\\x01\xf0\x9f\x94\x91" + std::string(1, '\0') + "end";
  ASSERT_EQ(Call("create", {{"name", "a"}, {"value", value}}).status, 200);
  EXPECT_EQ(Call("get", {{"name", "a"}}).json()["json"]["value"], value);
}

TEST_F(CredentialRoutesTest, TheLargestValueFitsHoweverItIsWritten) {
  const std::string worst(65'536, '\x01');  // six bytes each as JSON
  EXPECT_EQ(Call("create", {{"name", "a"}, {"value", worst}}).status, 200);
  const RawResponse response =
      Call("create", {{"name", "b"}, {"value", worst + "x"}});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.json()["json"]["message"],
            "A credential value is at most 65536 bytes long");
}

TEST_F(CredentialRoutesTest, ABodyOverTheLimitIsRefusedUnread) {
  const RawResponse response =
      Call("create", {{"name", "a"}, {"value", std::string(600'000, 'x')}});
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.body,
            ErrorBody(413, "PAYLOAD_TOO_LARGE", "Payload Too Large"));
}

TEST_F(CredentialRoutesTest, ATakenNameIsAConflict) {
  Call("create", {{"name", "a"}, {"value", "1"}});
  const std::string id = Call("create", {{"name", "b"}, {"value", "2"}})
                             .json()["json"]["credential_id"];
  const RawResponse created = Call("create", {{"name", "a"}, {"value", "3"}});
  EXPECT_EQ(created.status, 409);
  EXPECT_EQ(created.body,
            ErrorBody(409, "CONFLICT", R"(Credential \"a\" already exists)"));
  EXPECT_EQ(Call("update", {{"id", id}, {"name", "a"}}).body, created.body);
}

TEST_F(CredentialRoutesTest, WrongInputIsDescribed) {
  const Json issues = Call("create", {{"name", ""}, {"value", 5}})
                          .json()["json"]["data"]["issues"];
  ASSERT_EQ(issues.size(), 2U);
  EXPECT_EQ(issues[0]["code"], "too_small");
  EXPECT_EQ(issues[1]["code"], "invalid_type");
  EXPECT_EQ(Call("update", {{"id", "x"}})
                .json()["json"]["data"]["issues"][0]["message"],
            "Invalid UUID");
  EXPECT_EQ(Call("get", Json::object()).status, 400);
  EXPECT_EQ(
      Call("create", {{"name", std::string("a\0b", 3)}, {"value", "v"}}).status,
      400);
}

TEST_F(CredentialRoutesTest, TheRulesOfTheEnvelope) {
  const auto post = [this](const std::string& body,
                           const testing::Headers& headers) {
    return cloud_.Post("/v1/credentials/list", body, headers);
  };
  const testing::Headers with_key = {{"x-api-key", key_}};
  EXPECT_EQ(post("", with_key).status, 200);
  EXPECT_EQ(post("{}", with_key).status, 200);
  EXPECT_EQ(cloud_.Post("/v1/credentials/list/?x=y", "{}", with_key).status,
            200);
  // Malformed comes before who is asking, wrong input after it.
  for (const std::string& malformed :
       {std::string("{"), std::string("null"), std::string("{\"json\":"),
        std::string(500, '['), std::string("{\"json\":{},\"json\":{}}"),
        std::string("{\"json\":\"a\0\"}", 13)}) {
    const RawResponse response = post(malformed, {});
    EXPECT_EQ(response.status, 400) << malformed;
    EXPECT_EQ(response.json()["json"]["message"],
              "Malformed request. Ensure the request body is properly "
              "formatted and the 'Content-Type' header is set correctly.");
  }
  EXPECT_EQ(cloud_.Post("/v1/credentials/get", "{\"json\":5}").status, 401);
  EXPECT_EQ(cloud_.Post("/v1/credentials/get", "{\"json\":5}", with_key).status,
            400);
  for (const char* method : {"GET", "PUT", "DELETE", "HEAD", "OPTIONS"}) {
    EXPECT_EQ(cloud_.Send(method, "/v1/credentials/list", "", with_key).status,
              405)
        << method;
  }
  EXPECT_EQ(cloud_.Post("/v1/credentials/nope", "{}", with_key).status, 404);
}

TEST_F(CredentialRoutesTest, OnlyAVerifiedKeyGetsIn) {
  LiveCloud& cloud = cloud_;
  const SignedIn bob = cloud.parts.SignUp("bob").signed_in;
  const auto unverified =
      cloud.parts.api_keys.Issue(bob.user, bob.session.id, {});
  const std::string cookie = cloud.SignIn("ann");
  for (const Route& route : cloud.router().routes()) {
    if (!route.path.starts_with("/v1/credentials/")) continue;
    const auto post = [&](const testing::Headers& headers) {
      return cloud.Post(std::string(route.path), R"({"json":{}})", headers);
    };
    EXPECT_EQ(post({}).body, ErrorBody(401, "UNAUTHORIZED", "Missing API key"));
    EXPECT_EQ(post({{"cookie", cookie}, {"origin", "http://cloud.test"}}).body,
              ErrorBody(401, "UNAUTHORIZED", "Missing API key"));
    EXPECT_EQ(post({{"x-api-key", "short"}}).body,
              ErrorBody(401, "UNAUTHORIZED", "Invalid API key"));
    EXPECT_EQ(post({{"x-api-key", std::string(64, 'x')}}).body,
              ErrorBody(401, "UNAUTHORIZED", "Invalid API key"));
    EXPECT_EQ(
        post({{"x-api-key", std::string(unverified->text.Reveal())}}).body,
        ErrorBody(403, "FORBIDDEN", "Email not verified"));
  }
}

// Every route that takes an id or a name, with another tenant's: the answer is
// that for one that does not exist, byte for byte, and nothing changes.
TEST_F(CredentialRoutesTest, AnotherTenantsThingsAreAsIfTheyWereNot) {
  const std::string bobs_key(cloud_.parts.NewTenantKey("bob").Reveal());
  const std::string id = Call("create", {{"name", "a"}, {"value", "v"}})
                             .json()["json"]["credential_id"];
  const std::string nobodys = "00000000-0000-4000-8000-000000000000";
  const auto both = [&](const std::string& procedure, Json foreign,
                        Json missing) {
    const RawResponse one = Call(procedure, foreign, bobs_key);
    const RawResponse other = Call(procedure, missing, bobs_key);
    EXPECT_EQ(one.status, 404) << procedure;
    EXPECT_EQ(one.body, other.body) << procedure;
  };
  both("get", {{"name", "a"}}, {{"name", "nobodys"}});
  both("update", {{"id", id}, {"value", "w"}},
       {{"id", nobodys}, {"value", "w"}});
  both("update", {{"id", id}, {"name", "b"}}, {{"id", nobodys}, {"name", "b"}});
  both("delete", {{"id", id}}, {{"id", nobodys}});
  EXPECT_EQ(Call("list", Json::object(), bobs_key).body,
            R"({"json":{"credentials":[]}})");
  EXPECT_EQ(Call("upsert", {{"name", "a"}, {"value", "bobs"}}, bobs_key)
                .json()["json"]["overwritten"],
            false);
  for (const char* field : {"tenant", "tenantId", "organizationId", "userId"}) {
    Call("upsert", {{"name", "a"}, {"value", "evil"}, {field, "ann"}},
         bobs_key);
  }
  EXPECT_EQ(Call("get", {{"name", "a"}}).json()["json"]["value"], "v");

  const std::string anns_session = cloud_.SignIn("ann");
  const Json keys =
      cloud_.Get("/api/auth/api-key/list", {{"cookie", anns_session}}).json();
  const std::string anns_key_id = keys[0]["id"];
  const auto delete_key = [&](const std::string& key_id) {
    return cloud_.Post("/api/auth/api-key/delete",
                       Json{{"keyId", key_id}}.dump(),
                       {{"x-api-key", bobs_key}});
  };
  EXPECT_EQ(delete_key(anns_key_id).status, 404);
  EXPECT_EQ(delete_key(anns_key_id).body, delete_key("nobodys").body);
  EXPECT_EQ(Call("list", Json::object()).status, 200);
}

TEST_F(CredentialRoutesTest, TelemetryIsTakenAndForgotten) {
  const RawResponse response =
      cloud_.Post("/v1/telemetry/recordCliEvent", R"({"json":{"event":"x"}})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"json":{"success":true}})");
}

TEST_F(CredentialRoutesTest, NoSecretIsInTheDatabaseOrTheLog) {
  const std::string value = "canary-value-of-a-credential";
  Call("create", {{"name", "canary"}, {"value", value}});
  Call("get", {{"name", "canary"}});
  const std::string cookie = cloud_.SignIn("ann");
  const std::string token = cookie.substr(cookie.find('=') + 1, 32);
  std::string kept = cloud_.log();
  for (const char* file : {"", "-wal"}) {
    const auto content =
        ReadFile(cloud_.parts.database + file, std::size_t{64} << 20);
    ASSERT_TRUE(content.ok());
    kept += content->Reveal();
  }
  ASSERT_NE(kept.find("canary"), std::string::npos);  // the name is there
  for (const std::string& secret :
       {value, std::string("password of ann"), key_, token}) {
    EXPECT_EQ(kept.find(secret), std::string::npos) << secret;
  }
}

}  // namespace
}  // namespace libretto::cloud
