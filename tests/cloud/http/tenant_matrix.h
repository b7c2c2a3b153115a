// Every route of the cloud, and what somebody from outside a tenant may try on
// it with that tenant's ids, names and addresses. A new route needs a row here:
// one line, if it takes nothing that belongs to a tenant.
#pragma once

#include <ostream>

namespace libretto::cloud::testing {

// For whom the victim's words open what they name.
enum class Insider {
  kNobody,
  kOwner,    // of the victim's organisation
  kInvitee,  // whom it has invited
};

struct Row {
  const char* route;
  // The body, or what follows the path of a GET (and stands for a segment that
  // the path leaves open). These words are asked once as they are in the
  // victim's tenant, and once as nothing is called:
  //   <credential> <name>           id and name of a credential
  //   <key>                         id of an API key
  //   <organization> <invitation>   ids
  //   <slug> <email>                of the organisation, of its owner
  // <own> is the asker's own slug, <fresh> a text that was never used before.
  const char* ask = "";
  Insider insider = Insider::kNobody;
  // Where the contract wants an answer that says that it exists, this one and
  // nothing more:
  int told_status = 0;
  const char* told = "";
  // The words open nothing for anybody: a further secret is missing.
  bool opens_nothing = false;
};

// GoogleTest would show its bytes.
inline void PrintTo(const Row& row, std::ostream* out) {
  *out << row.route << " " << row.ask;
}

inline constexpr Row kTenantMatrix[] = {
    {.route = "GET /api/auth/ok"},
    {.route = "POST /v1/telemetry/recordCliEvent"},

    // Addresses and slugs are unique among all tenants, so making an account
    // or an organisation tells which are taken.
    {.route = "POST /api/auth/sign-up/email",
     .ask = R"({"name":"x","email":"<email>","password":"password1"})",
     .told_status = 422,
     .told = "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"},
    {.route = "POST /v1/auth/signupAndCreateOrg",
     .ask = R"({"name":"x","email":"<email>","password":"password1",
         "organizationName":"x","organizationSlug":"<fresh>",
         "debugNotificationEmail":"x@x.test"})",
     .told_status = 409,
     .told = "email_taken"},
    {.route = "POST /v1/auth/signupAndCreateOrg",
     .ask = R"({"name":"x","email":"<fresh>@x.test","password":"password1",
         "organizationName":"x","organizationSlug":"<slug>",
         "debugNotificationEmail":"x@x.test"})",
     .told_status = 409,
     .told = "slug_taken"},
    {.route = "POST /api/auth/organization/create",
     .ask = R"({"name":"x","slug":"<slug>"})",
     .told_status = 400,
     .told = "ORGANIZATION_ALREADY_EXISTS"},
    {.route = "POST /v1/auth/createOrgForCurrentUser",
     .ask = R"({"organizationName":"x","organizationSlug":"<slug>",
         "debugNotificationEmail":"x@x.test"})",
     .told_status = 409,
     .told = "slug_taken"},

    {.route = "POST /api/auth/sign-in/email",
     .ask = R"({"email":"<email>","password":"not the password"})",
     .opens_nothing = true},
    {.route = "POST /api/auth/send-verification-email",
     .ask = R"({"email":"<email>"})",
     .opens_nothing = true},
    {.route = "GET /api/auth/verify-email", .ask = "?token=a.b.c"},
    {.route = "POST /api/auth/request-password-reset",
     .ask = R"({"email":"<email>"})",
     .opens_nothing = true},
    {.route = "POST /v1/auth/requestPasswordReset",
     .ask = R"({"email":"<email>"})",
     .opens_nothing = true},
    {.route = "GET /api/auth/reset-password/:token",
     .ask = "nobodys?callbackURL=%2Fx"},
    {.route = "POST /api/auth/reset-password",
     .ask = R"({"newPassword":"password2","token":"nobodys"})"},
    {.route = "POST /v1/auth/cliLoginCreate", .ask = "{}"},
    {.route = "POST /v1/auth/cliLoginPoll",
     .ask = R"({"requestId":"nobodys","secret":"nobodys"})"},
    {.route = "POST /v1/auth/cliLoginApprove",
     .ask = R"({"requestId":"nobodys","secret":"nobodys"})"},
    {.route = "POST /v1/auth/status", .ask = "{}"},
    {.route = "POST /v1/dashboard/deleteAccount", .ask = "{}"},
    {.route = "GET /api/auth/get-session"},
    {.route = "POST /api/auth/sign-out"},

    {.route = "GET /api/auth/organization/list"},
    {.route = "POST /api/auth/organization/invite-member",
     .ask = R"({"email":"<fresh>@x.test","role":"member",
         "organizationId":"<organization>"})",
     .insider = Insider::kOwner},
    {.route = "POST /api/auth/organization/invite-member",
     .ask = R"({"email":"<fresh>@x.test","role":"member"})"},

    // An id of 32 random characters that was mailed: the contract tells who
    // has it whether it is theirs.
    {.route = "GET /api/auth/organization/get-invitation",
     .ask = "?id=<invitation>",
     .insider = Insider::kInvitee,
     .told_status = 403,
     .told = "YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION"},
    {.route = "POST /api/auth/organization/accept-invitation",
     .ask = R"({"invitationId":"<invitation>"})",
     .insider = Insider::kInvitee,
     .told_status = 403,
     .told = "YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION"},
    // Id and slug together are what the mail says. One alone says nothing.
    {.route = "POST /v1/auth/inviteDetails",
     .ask = R"({"invitationId":"<invitation>","tenantSlug":"<own>"})",
     .insider = Insider::kOwner},
    {.route = "POST /v1/auth/inviteDetails",
     .ask = R"({"invitationId":"nope","tenantSlug":"<slug>"})",
     .opens_nothing = true},
    {.route = "POST /v1/auth/acceptInviteForCurrentUser",
     .ask = R"({"invitationId":"<invitation>","tenantSlug":"<own>"})",
     .insider = Insider::kInvitee},
    {.route = "POST /v1/auth/acceptInviteAndSignup",
     .ask = R"({"invitationId":"<invitation>","tenantSlug":"<own>","name":"x",
         "password":"password1"})",
     .opens_nothing = true},

    {.route = "POST /api/auth/api-key/create", .ask = R"({"name":"x"})"},
    {.route = "GET /api/auth/api-key/list"},
    {.route = "POST /api/auth/api-key/update",
     .ask = R"({"keyId":"<key>","enabled":false})",
     .insider = Insider::kOwner},
    {.route = "POST /api/auth/api-key/delete",
     .ask = R"({"keyId":"<key>"})",
     .insider = Insider::kOwner},

    {.route = "POST /v1/credentials/list", .ask = "{}"},
    {.route = "POST /v1/credentials/create",
     .ask = R"({"name":"<name>","value":"x"})",
     .opens_nothing = true},
    {.route = "POST /v1/credentials/upsert",
     .ask = R"({"name":"<name>","value":"x"})",
     .insider = Insider::kOwner},
    {.route = "POST /v1/credentials/get",
     .ask = R"({"name":"<name>"})",
     .insider = Insider::kOwner},
    {.route = "POST /v1/credentials/update",
     .ask = R"({"id":"<credential>","value":"x"})",
     .insider = Insider::kOwner},
    {.route = "POST /v1/credentials/update",
     .ask = R"({"id":"<credential>","name":"<fresh>"})",
     .insider = Insider::kOwner},
    {.route = "POST /v1/credentials/delete",
     .ask = R"({"id":"<credential>"})",
     .insider = Insider::kOwner},
};

}  // namespace libretto::cloud::testing
