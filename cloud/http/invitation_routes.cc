// Inviting people into an organisation, and what they do about it. Who has no
// account yet signs up in account_routes.cc.
#include "cloud/core/email_address.h"
#include "cloud/core/refusal.h"
#include "cloud/http/better_auth.h"
#include "cloud/http/routes.h"
#include "cloud/http/rpc.h"

namespace libretto::cloud {
namespace {

JsonOut InvitationJson(const Invitation& invitation, std::string_view status) {
  return {{"organizationId", invitation.organization_id},
          {"email", invitation.email},
          {"role", invitation.role},
          {"status", status},
          {"expiresAt", Iso8601(invitation.expires_at)},
          {"createdAt", Iso8601(invitation.created_at)},
          {"inviterId", invitation.inviter_id},
          {"id", invitation.id}};
}

HttpResponse Invite(const Services& services, const Call& call) {
  Input input(call.input);
  InvitationRequest request;
  request.email = input.String("email");
  request.role = input.StringOrStrings("role");
  request.organization_id = input.OptionalString("organizationId").value_or("");
  request.resend = input.OptionalBool("resend").value_or(false);
  if (!input.ok()) return BetterAuth::InvalidInput(input, "body");
  const auto& session = call.identity->session;
  if (request.organization_id.empty() && session.has_value()) {
    request.organization_id = session->active_organization_id.value_or("");
  }
  if (request.organization_id.empty()) {
    return BetterAuth::Error(400, "ORGANIZATION_NOT_FOUND",
                             "Organization not found");
  }
  if (!IsEmailAddress(request.email)) {
    return BetterAuth::Error(400, "INVALID_EMAIL", "Invalid email");
  }
  const auto invitation =
      services.invitations.Invite(call.identity->user, request);
  if (!invitation.ok()) return BetterAuth::Failure(invitation.status());
  return BetterAuth::Ok(InvitationJson(*invitation, "pending"));
}

HttpResponse Get(const Services& services, const Call& call) {
  const Json query = FormAsJson(call.request.query);
  Input input(&query);
  const std::string id = input.String("id");
  if (!input.ok()) return BetterAuth::InvalidInput(input, "query");
  if (!call.identity.has_value()) {
    return BetterAuth::Error(401, "NOT_AUTHENTICATED", "Not authenticated");
  }
  const auto found = services.invitations.FindFor(call.identity->user, id);
  if (RefusalOf(found.status()) == Refusal::kInvitationNotFound) {
    // Better Auth 1.4 is louder here than elsewhere.
    return BetterAuth::Error(400, "INVITATION_NOT_FOUND",
                             "Invitation not found!");
  }
  if (!found.ok()) return BetterAuth::Failure(found.status());
  JsonOut body = InvitationJson(found->invitation, "pending");
  body["organizationName"] = found->organization.name;
  body["organizationSlug"] = found->organization.slug;
  body["inviterEmail"] = found->inviter_email;
  return BetterAuth::Ok(body);
}

HttpResponse Accept(const Services& services, const Call& call) {
  Input input(call.input);
  const std::string id = input.String("invitationId");
  if (!input.ok()) return BetterAuth::InvalidInput(input, "body");
  const auto accepted = services.invitations.Accept(
      call.identity->user, id, SessionIdOf(*call.identity));
  if (!accepted.ok()) return BetterAuth::Failure(accepted.status());
  return BetterAuth::Ok(
      {{"invitation", InvitationJson(accepted->invitation, "accepted")},
       {"member", BetterAuth::MemberJson(accepted->joined.membership)}});
}

HttpResponse Details(const Services& services, const Call& call) {
  Input input(call.input);
  const std::string id = input.String("invitationId");
  const std::string slug = input.String("tenantSlug");
  if (!input.ok()) return Rpc::InvalidInput(input);
  const auto found = services.invitations.Find(id, slug);
  if (!found.ok()) return Rpc::Failure(found.status());
  return Rpc::Ok({{"invitationId", found->invitation.id},
                  {"email", found->invitation.email},
                  {"organizationName", found->organization.name},
                  {"organizationSlug", found->organization.slug},
                  {"status", "pending"},
                  {"expiresAt", Iso8601(found->invitation.expires_at)}});
}

HttpResponse AcceptForCurrentUser(const Services& services, const Call& call) {
  Input input(call.input);
  const std::string id = input.String("invitationId");
  const std::string slug = input.String("tenantSlug");
  if (!input.ok()) return Rpc::InvalidInput(input);
  const auto found = services.invitations.Find(id, slug);
  if (!found.ok()) return Rpc::Failure(found.status());
  const auto accepted = services.invitations.Accept(
      call.identity->user, id, SessionIdOf(*call.identity));
  if (!accepted.ok()) return Rpc::Failure(accepted.status());
  const Organization& organization = accepted->joined.organization;
  return Rpc::Ok({{"organizationId", organization.id},
                  {"organizationName", organization.name},
                  {"organizationSlug", organization.slug}});
}

}  // namespace

void AddInvitationRoutes(const Services& services, std::vector<Route>& routes) {
  const auto add = [&](std::string_view method, std::string_view path,
                       Auth auth,
                       HttpResponse (*handle)(const Services&, const Call&),
                       const Limit& limit) {
    routes.push_back(
        {.method = method,
         .path = path,
         .auth = auth,
         .handle = [services, handle](
                       const Call& call) { return handle(services, call); },
         .limit = &limit});
  };
  add("POST", "/api/auth/organization/invite-member", Auth::kRequired, Invite,
      kInvitationLimit);
  // kOptional, because its 401 has words of its own.
  add("GET", "/api/auth/organization/get-invitation", Auth::kOptional, Get,
      kTokenLimit);
  add("POST", "/api/auth/organization/accept-invitation", Auth::kRequired,
      Accept, kTokenLimit);
  // For whoever has the id: the page asks before anybody is signed in.
  add("POST", "/v1/auth/inviteDetails", Auth::kNone, Details, kTokenLimit);
  add("POST", "/v1/auth/acceptInviteForCurrentUser", Auth::kSession,
      AcceptForCurrentUser, kTokenLimit);
}

}  // namespace libretto::cloud
