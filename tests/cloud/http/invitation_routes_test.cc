// Invitations over a real socket: every row of the contract's table (4.3).
#include <gtest/gtest.h>

#include "tests/cloud/live_cloud.h"

namespace libretto::cloud {
namespace {

using std::chrono::hours;
using testing::Headers;
using testing::LiveCloud;
using testing::RawResponse;

class InvitationRoutesTest : public ::testing::Test {
 protected:
  InvitationRoutesTest() {
    organization_ = cloud_.parts.SignUpVerified("acme").organization->id;
    owner_ = cloud_.SignedInHeaders("acme");
  }

  Headers NewUser(const std::string& name) {
    SignedIn user = cloud_.parts.SignUpAlone(name);
    cloud_.parts.Verify(user.user);
    return cloud_.SignedInHeaders(name);
  }

  RawResponse Invite(const Json& body, const Headers& headers) {
    return cloud_.Post("/api/auth/organization/invite-member", body.dump(),
                       headers);
  }

  // By the owner, to NAME@example.test.
  std::string InvitationTo(const std::string& name,
                           const std::string& role = "member") {
    const RawResponse response = Invite({{"email", name + "@example.test"},
                                         {"role", role},
                                         {"organizationId", organization_}},
                                        owner_);
    EXPECT_EQ(response.status, 200) << response.body;
    return response.json()["id"];
  }

  // A member of acme.
  Headers NewMember(const std::string& name, const std::string& role) {
    Headers headers = NewUser(name);
    EXPECT_EQ(Accept(InvitationTo(name, role), headers).status, 200);
    return headers;
  }

  RawResponse Look(const std::string& id, const Headers& headers) {
    return cloud_.Get("/api/auth/organization/get-invitation?id=" + id,
                      headers);
  }

  RawResponse Accept(const std::string& id, const Headers& headers) {
    return cloud_.Post("/api/auth/organization/accept-invitation",
                       Json{{"invitationId", id}}.dump(), headers);
  }

  RawResponse Procedure(const std::string& name, const Json& input,
                        const Headers& headers = {}) {
    return cloud_.Post("/v1/auth/" + name, Json{{"json", input}}.dump(),
                       headers);
  }

  static Json Named(const std::string& id, const std::string& slug = "acme") {
    return {{"invitationId", id}, {"tenantSlug", slug}};
  }

  static Json Newcomer(const std::string& id,
                       const std::string& slug = "acme") {
    Json input = Named(id, slug);
    input["name"] = "Bob";
    input["password"] = "password of bob";
    return input;
  }

  static void ExpectError(const RawResponse& response, int status,
                          const std::string& code, const std::string& message) {
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.body,
              R"({"code":")" + code + R"(","message":")" + message + R"("})");
  }

  LiveCloud cloud_;
  std::string organization_;
  Headers owner_;
};

TEST_F(InvitationRoutesTest, AnInvitationShowsItsFieldsInOrder) {
  const RawResponse response = Invite({{"email", "Bob@X.test"},
                                       {"role", {"member", "admin"}},
                                       {"organizationId", organization_}},
                                      owner_);
  ASSERT_EQ(response.status, 200) << response.body;
  const Json body = response.json();
  EXPECT_EQ(body["id"].get<std::string>().size(), 32U);
  EXPECT_EQ(response.body,
            R"({"organizationId":")" + organization_ +
                R"(","email":"bob@x.test","role":"member,admin",)"
                R"("status":"pending","expiresAt":"2026-01-03T00:00:00.000Z",)"
                R"("createdAt":"2026-01-01T00:00:00.000Z","inviterId":")" +
                body["inviterId"].get<std::string>() + R"(","id":")" +
                body["id"].get<std::string>() + R"("})");
}

TEST_F(InvitationRoutesTest, WithoutAnOrganizationTheActiveOneIsMeant) {
  const Json body = {{"email", "bob@x.test"}, {"role", "member"}};
  // A sign-up makes none active.
  ExpectError(Invite(body, owner_), 400, "ORGANIZATION_NOT_FOUND",
              "Organization not found");
  const Headers admin = NewMember("adam", "admin");
  EXPECT_EQ(Invite(body, admin).json()["organizationId"], organization_);
  // A key's session has none at all.
  const std::string key =
      cloud_.Post("/api/auth/api-key/create", "{}", admin).json()["key"];
  ExpectError(Invite(body, {{"x-api-key", key}}), 400, "ORGANIZATION_NOT_FOUND",
              "Organization not found");
  EXPECT_EQ(Invite({{"email", "eve@x.test"},
                    {"role", "member"},
                    {"organizationId", organization_}},
                   {{"x-api-key", key}})
                .status,
            200);
}

TEST_F(InvitationRoutesTest, EveryRefusalToInviteIsInTheContractsWords) {
  const Headers stranger = NewUser("eve");
  const Headers member = NewMember("mary", "member");
  const Headers admin = NewMember("adam", "admin");
  InvitationTo("bob");
  struct Case {
    const Headers& who;
    const char* email;
    const char* role;
    int status;
    const char* code;
    const char* message;
  };
  const Case cases[] = {
      {stranger, "a@x.test", "member", 400, "MEMBER_NOT_FOUND",
       "Member not found"},
      {member, "b@x.test", "member", 403,
       "YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION",
       "You are not allowed to invite users to this organization"},
      {admin, "c@x.test", "owner", 403,
       "YOU_ARE_NOT_ALLOWED_TO_INVITE_A_USER_WITH_THIS_ROLE",
       "You are not allowed to invite a user with this role"},
      {owner_, "d@x.test", "king", 400, "ROLE_NOT_FOUND",
       "Role not found: king"},
      {owner_, "x", "member", 400, "INVALID_EMAIL", "Invalid email"},
      {owner_, "Mary@example.test", "member", 400,
       "USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION",
       "User is already a member of this organization"},
      {owner_, "BOB@example.test", "member", 400,
       "USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION",
       "User is already invited to this organization"},
  };
  for (const Case& each : cases) {
    ExpectError(Invite({{"email", each.email},
                        {"role", each.role},
                        {"organizationId", organization_}},
                       each.who),
                each.status, each.code, each.message);
  }
}

TEST_F(InvitationRoutesTest, AnUnknownOrganizationIsLikeAForeignOne) {
  ExpectError(Invite({{"email", "x@x.test"},
                      {"role", "member"},
                      {"organizationId", "nope"}},
                     owner_),
              400, "MEMBER_NOT_FOUND", "Member not found");
}

TEST_F(InvitationRoutesTest, InputOfAnInvitationIsChecked) {
  ExpectError(
      Invite({{"email", 5}, {"role", 5}, {"organizationId", 5}, {"resend", 5}},
             owner_),
      400, "VALIDATION_ERROR",
      "[body.email] Invalid input: expected string, received number; "
      "[body.role] Invalid input; [body.organizationId] Invalid input: "
      "expected string, received number; [body.resend] Invalid input: expected "
      "boolean, received number");
  for (const Json& role : {Json(nullptr), Json({"member", 5}), Json::array()}) {
    EXPECT_EQ(Invite({{"email", "x@x.test"},
                      {"role", role},
                      {"organizationId", organization_}},
                     owner_)
                  .status,
              400)
        << role;
  }
  EXPECT_EQ(Invite(nullptr, owner_).status, 400);
}

TEST_F(InvitationRoutesTest, ResendingKeepsTheIdWithANewEnd) {
  const std::string id = InvitationTo("bob");
  cloud_.parts.clock.Advance(hours(1));
  const RawResponse again = Invite({{"email", "Bob@example.test"},
                                    {"role", "member"},
                                    {"organizationId", organization_},
                                    {"resend", true}},
                                   owner_);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.json()["id"], id);
  EXPECT_EQ(again.json()["expiresAt"], "2026-01-03T01:00:00.000Z");
}

TEST_F(InvitationRoutesTest, AnExpiredInvitationIsFollowedByANewOne) {
  const std::string id = InvitationTo("bob");
  cloud_.parts.clock.Advance(hours(48));
  EXPECT_NE(InvitationTo("bob"), id);
}

TEST_F(InvitationRoutesTest, ItsRecipientSeesIt) {
  const Headers bob = NewUser("bob");
  const std::string id = InvitationTo("bob");
  const RawResponse response = Look(id, bob);
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_TRUE(response.body.ends_with(
      R"(,"id":")" + id +
      R"(","organizationName":"acme Inc.","organizationSlug":"acme",)"
      R"("inviterEmail":"acme@example.test"})"))
      << response.body;
}

TEST_F(InvitationRoutesTest, WhatIsNotThereIsNotFound) {
  const Headers bob = NewUser("bob");
  const std::string id = InvitationTo("bob");
  ExpectError(Look("nope", bob), 400, "INVITATION_NOT_FOUND",
              "Invitation not found!");
  ExpectError(Accept("nope", bob), 400, "INVITATION_NOT_FOUND",
              "Invitation not found");
  cloud_.parts.clock.Advance(hours(48));
  ExpectError(Look(id, bob), 400, "INVITATION_NOT_FOUND",
              "Invitation not found!");
  ExpectError(Accept(id, bob), 400, "INVITATION_NOT_FOUND",
              "Invitation not found");
}

TEST_F(InvitationRoutesTest, AnotherUserIsNotTheRecipient) {
  const std::string id = InvitationTo("bob");
  const Headers eve = NewUser("eve");
  for (const RawResponse& response : {Look(id, eve), Accept(id, eve)}) {
    ExpectError(response, 403, "YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION",
                "You are not the recipient of the invitation");
  }
  const RawResponse by_rpc =
      Procedure("acceptInviteForCurrentUser", Named(id), eve);
  EXPECT_EQ(by_rpc.status, 403);
}

TEST_F(InvitationRoutesTest, NobodyIsToldToAuthenticate) {
  const std::string id = InvitationTo("bob");
  ExpectError(Look(id, {}), 401, "NOT_AUTHENTICATED", "Not authenticated");
  ExpectError(cloud_.Get("/api/auth/organization/get-invitation"), 400,
              "VALIDATION_ERROR",
              "[query.id] Invalid input: expected string, received undefined");
  ExpectError(Accept(id, {}), 401, "UNAUTHORIZED", "Unauthorized");
  ExpectError(Invite({}, {}), 401, "UNAUTHORIZED", "Unauthorized");
  EXPECT_EQ(Procedure("acceptInviteForCurrentUser", Named(id)).status, 401);
}

TEST_F(InvitationRoutesTest, AcceptingAnswersInvitationAndMember) {
  const Headers bob = NewUser("bob");
  const std::string id = InvitationTo("bob", "admin");
  const RawResponse response = Accept(id, bob);
  ASSERT_EQ(response.status, 200) << response.body;
  const Json body = response.json();
  EXPECT_EQ(body["invitation"]["id"], id);
  EXPECT_EQ(body["invitation"]["status"], "accepted");
  EXPECT_TRUE(response.body.ends_with(
      R"("member":{"organizationId":")" + organization_ + R"(","userId":")" +
      body["member"]["userId"].get<std::string>() +
      R"(","role":"admin","createdAt":"2026-01-01T00:00:00.000Z","id":")" +
      body["member"]["id"].get<std::string>() + R"("}})"))
      << response.body;
  EXPECT_EQ(cloud_.Get("/api/auth/get-session", bob)
                .json()["session"]["activeOrganizationId"],
            organization_);
  ExpectError(Accept(id, bob), 400, "INVITATION_NOT_FOUND",
              "Invitation not found");
}

TEST_F(InvitationRoutesTest, AKeyMayAccept) {
  const Headers bob = NewUser("bob");
  const std::string key =
      cloud_.Post("/api/auth/api-key/create", "{}", bob).json()["key"];
  EXPECT_EQ(Accept(InvitationTo("bob"), {{"x-api-key", key}}).status, 200);
}

TEST_F(InvitationRoutesTest, AMemberOfAnotherOrganizationIsRefused) {
  cloud_.parts.SignUp("bob");
  const Headers bob = cloud_.SignedInHeaders("bob");
  const std::string id = InvitationTo("bob");
  const RawResponse response = Accept(id, bob);
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.json()["code"],
            "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS");
  const RawResponse by_rpc =
      Procedure("acceptInviteForCurrentUser", Named(id), bob);
  EXPECT_EQ(by_rpc.status, 409);
  EXPECT_EQ(by_rpc.json()["json"]["data"]["reason"], "already_member");
}

TEST_F(InvitationRoutesTest, ThePageIsToldWhatWhoHasTheIdMayKnow) {
  const std::string id = InvitationTo("bob");
  EXPECT_EQ(Procedure("inviteDetails", Named(id)).body,
            R"({"json":{"invitationId":")" + id +
                R"(","email":"bob@example.test",)"
                R"("organizationName":"acme Inc.","organizationSlug":"acme",)"
                R"("status":"pending",)"
                R"("expiresAt":"2026-01-03T00:00:00.000Z"}})");
}

TEST_F(InvitationRoutesTest, AWrongSlugIsLikeNoInvitation) {
  const Headers bob = NewUser("bob");
  const std::string id = InvitationTo("bob");
  for (const char* const name : {"inviteDetails", "acceptInviteForCurrentUser",
                                 "acceptInviteAndSignup"}) {
    const RawResponse wrong = Procedure(name, Newcomer(id, "other"), bob);
    EXPECT_EQ(wrong.status, 404) << name;
    EXPECT_EQ(wrong.json()["json"]["message"], "Invitation not found");
    EXPECT_EQ(Procedure(name, Newcomer("nope"), bob).body, wrong.body);
  }
  EXPECT_EQ(Look(id, bob).status, 200);
}

TEST_F(InvitationRoutesTest, ThePageAcceptsForWhoIsSignedIn) {
  const Headers bob = NewUser("bob");
  const std::string id = InvitationTo("bob");
  const RawResponse response =
      Procedure("acceptInviteForCurrentUser", Named(id), bob);
  EXPECT_EQ(response.body, R"({"json":{"organizationId":")" + organization_ +
                               R"(","organizationName":"acme Inc.",)"
                               R"("organizationSlug":"acme"}})");
  EXPECT_EQ(Procedure("acceptInviteForCurrentUser", Named(id), bob).status,
            404);
}

TEST_F(InvitationRoutesTest, ANewcomerSignsUpAndAcceptsAtOnce) {
  const RawResponse response =
      Procedure("acceptInviteAndSignup", Newcomer(InvitationTo("bob")));
  ASSERT_EQ(response.status, 200) << response.body;
  const Json body = response.json()["json"];
  EXPECT_EQ(
      response.body,
      R"({"json":{"userId":")" + body["userId"].get<std::string>() +
          R"(","email":"bob@example.test","organizationId":")" + organization_ +
          R"(","organizationSlug":"acme","sessionToken":")" +
          body["sessionToken"].get<std::string>() + R"(","setCookie":[")" +
          body["setCookie"][0].get<std::string>() +
          R"("],"emailVerified":false}})");
  const std::string set_cookie = body["setCookie"][0];
  const Headers bob = {{"cookie", set_cookie.substr(0, set_cookie.find(';'))}};
  EXPECT_EQ(cloud_.Get("/api/auth/get-session", bob)
                .json()["session"]["activeOrganizationId"],
            organization_);
  EXPECT_EQ(cloud_.Get("/api/auth/organization/list", bob).json()[0]["slug"],
            "acme");
}

TEST_F(InvitationRoutesTest, AnAddressWithAnAccountHasToSignInInstead) {
  NewUser("bob");
  const RawResponse response =
      Procedure("acceptInviteAndSignup", Newcomer(InvitationTo("bob")));
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(response.json()["json"]["data"]["reason"], "email_taken");
}

TEST_F(InvitationRoutesTest, InputOfANewcomerIsChecked) {
  EXPECT_EQ(Procedure("acceptInviteAndSignup", Json::object())
                .json()["json"]["data"]["issues"]
                .size(),
            4U);
  Json input = Newcomer(InvitationTo("bob"));
  input["password"] = "short";
  EXPECT_EQ(Procedure("acceptInviteAndSignup", input).status, 400);
}

}  // namespace
}  // namespace libretto::cloud
