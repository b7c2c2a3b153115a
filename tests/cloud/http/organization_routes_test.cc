// Organisations over a real socket.
#include <gtest/gtest.h>

#include "tests/cloud/live_cloud.h"

namespace libretto::cloud {
namespace {

using testing::LiveCloud;
using testing::RawResponse;

class OrganizationRoutesTest : public ::testing::Test {
 protected:
  OrganizationRoutesTest() {
    cloud_.parts.SignUpAlone("ann");
    ann_ = cloud_.SignedInHeaders("ann");
  }

  RawResponse Create(const Json& body) {
    return cloud_.Post("/api/auth/organization/create", body.dump(), ann_);
  }

  RawResponse CreateForCurrentUser(const Json& input,
                                   const testing::Headers& headers) {
    return cloud_.Post("/v1/auth/createOrgForCurrentUser",
                       Json{{"json", input}}.dump(), headers);
  }

  Json ActiveOrganization() {
    return cloud_.Get("/api/auth/get-session", ann_)
        .json()["session"]["activeOrganizationId"];
  }

  const Json acme_ = {{"organizationName", "Acme"},
                      {"organizationSlug", "acme"},
                      {"debugNotificationEmail", "Ann@x.test"}};
  LiveCloud cloud_;
  testing::Headers ann_;
};

TEST_F(OrganizationRoutesTest, OrganizationsAreListed) {
  EXPECT_EQ(cloud_.Get("/api/auth/organization/list", ann_).body, "[]");
  const Json made = Create({{"name", "Acme"}, {"slug", "acme"}}).json();
  EXPECT_EQ(cloud_.Get("/api/auth/organization/list", ann_).body,
            R"([{"name":"Acme","slug":"acme","logo":null,)"
            R"("createdAt":"2026-01-01T00:00:00.000Z","metadata":null,"id":")" +
                made["id"].get<std::string>() + R"("}])");
}

TEST_F(OrganizationRoutesTest, ANewOrganizationHasItsOwnerAndIsActive) {
  EXPECT_EQ(ActiveOrganization(), nullptr);
  const RawResponse response = Create({{"name", "Acme"}, {"slug", "acme"}});
  ASSERT_EQ(response.status, 200) << response.body;
  const Json body = response.json();
  const std::string id = body["id"];
  const Json& owner = body["members"][0];
  EXPECT_EQ(response.body,
            R"({"name":"Acme","slug":"acme","logo":null,)"
            R"("createdAt":"2026-01-01T00:00:00.000Z","id":")" +
                id + R"(","members":[{"organizationId":")" + id +
                R"(","userId":")" + owner["userId"].get<std::string>() +
                R"(","role":"owner","createdAt":"2026-01-01T00:00:00.000Z",)"
                R"("id":")" +
                owner["id"].get<std::string>() + R"("}]})");
  EXPECT_EQ(ActiveOrganization(), id);
}

TEST_F(OrganizationRoutesTest, ATakenSlugIsSaidInTheContractsWords) {
  cloud_.parts.SignUp("acme");
  const RawResponse response = Create({{"name", "Acme"}, {"slug", "acme"}});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, R"({"code":"ORGANIZATION_ALREADY_EXISTS",)"
                           R"("message":"Organization already exists"})");
}

TEST_F(OrganizationRoutesTest, ASecondOrganizationIsRefusedOnBothRoutes) {
  ASSERT_EQ(Create({{"name", "Acme"}, {"slug", "acme"}}).status, 200);
  const RawResponse second = Create({{"name", "B"}, {"slug", "other"}});
  EXPECT_EQ(second.status, 403);
  EXPECT_EQ(second.json()["code"],
            "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS");
  EXPECT_EQ(second.json()["message"],
            "You are a member of an organization already; one account belongs "
            "to one organization");
  const RawResponse by_rpc = CreateForCurrentUser(acme_, ann_);
  EXPECT_EQ(by_rpc.status, 409);
  EXPECT_EQ(by_rpc.json()["json"]["data"]["reason"], "already_member");
  EXPECT_EQ(cloud_.Get("/api/auth/organization/list", ann_).json().size(), 1U);
}

TEST_F(OrganizationRoutesTest, InputIsChecked) {
  EXPECT_EQ(Create(Json::object()).json()["message"],
            "[body.name] Invalid input: expected string, received undefined; "
            "[body.slug] Invalid input: expected string, received undefined");
  for (const char* const slug : {"a", "Not A Slug", "-x-"}) {
    EXPECT_EQ(Create({{"name", "A"}, {"slug", slug}}).status, 400) << slug;
  }
  EXPECT_EQ(CreateForCurrentUser(Json::object(), ann_)
                .json()["json"]["data"]["issues"]
                .size(),
            3U);
}

TEST_F(OrganizationRoutesTest, NobodyMakesNone) {
  EXPECT_EQ(cloud_.Post("/api/auth/organization/create", "{}").status, 401);
  EXPECT_EQ(CreateForCurrentUser(acme_, {}).body,
            R"({"json":{"defined":false,"code":"UNAUTHORIZED","status":401,)"
            R"("message":"Unauthorized"}})");
}

TEST_F(OrganizationRoutesTest, TheServersOwnOrganizationIsNotMadeActive) {
  const RawResponse response = CreateForCurrentUser(acme_, ann_);
  ASSERT_EQ(response.status, 200) << response.body;
  const std::string id = response.json()["json"]["organizationId"];
  EXPECT_EQ(response.body, R"({"json":{"organizationId":")" + id +
                               R"(","organizationSlug":"acme"}})");
  EXPECT_EQ(ActiveOrganization(), nullptr);
}

TEST_F(OrganizationRoutesTest, ASlugThatIsTakenIsAConflictToProcedures) {
  cloud_.parts.SignUp("acme");
  const RawResponse response = CreateForCurrentUser(acme_, ann_);
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(response.json()["json"]["data"]["reason"], "slug_taken");
}

TEST_F(OrganizationRoutesTest, AForeignPageCannotUseTheCookieOnAProcedure) {
  const std::string cookie = ann_.front().second;
  for (const auto& [origin, message] :
       {std::pair{"null", "Missing or null Origin"},
        {"http://evil.test", "Invalid origin"}}) {
    const RawResponse response =
        CreateForCurrentUser(acme_, {{"cookie", cookie}, {"origin", origin}});
    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(response.json()["json"]["message"], message);
  }
  EXPECT_EQ(CreateForCurrentUser(acme_, {{"cookie", cookie}}).status, 403);
  EXPECT_EQ(cloud_.Get("/api/auth/organization/list", ann_).body, "[]");
}

TEST_F(OrganizationRoutesTest, AProcedureThatWantsASessionTakesNoKey) {
  const Json key =
      cloud_.Post("/api/auth/api-key/create", "{}", ann_).json()["key"];
  EXPECT_EQ(CreateForCurrentUser(acme_, {{"x-api-key", key}}).status, 401);
}

TEST_F(OrganizationRoutesTest, AProcedureExtendsTheSessionToo) {
  cloud_.parts.clock.Advance(std::chrono::hours(24));
  EXPECT_TRUE(CreateForCurrentUser(acme_, ann_)
                  .Header("set-cookie")
                  .starts_with(ann_.front().second));
}

}  // namespace
}  // namespace libretto::cloud
