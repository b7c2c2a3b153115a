#include "cloud/core/invitations.h"

#include <utility>

#include "cloud/core/refusal.h"
#include "cloud/core/roles.h"
#include "cloud/core/text.h"
#include "cloud/core/tokens.h"

namespace libretto::cloud {
namespace {

template <typename T>
StatusOr<T> OrInvitationNotFound(StatusOr<T> found) {
  if (found.status().code() == StatusCode::kNotFound) {
    return Refuse(Refusal::kInvitationNotFound);
  }
  return found;
}

}  // namespace

StatusOr<Invitation> Invitations::Invite(const User& inviter,
                                         const InvitationRequest& request) {
  const auto member = needs_.store.MembershipOf(inviter.id);
  if (member.status().code() == StatusCode::kNotFound ||
      (member.ok() &&
       member->membership.organization_id != request.organization_id)) {
    return Refuse(Refusal::kNotAMember);
  }
  if (!member.ok()) return member.status();
  const Role own = StrongestOf(member->membership.role);
  if (own < Role::kAdmin) return Refuse(Refusal::kMayNotInvite);
  const StatusOr<std::string> roles = NormalizedRoles(request.role);
  if (!roles.ok()) return roles.status();
  // An admin makes no owner.
  if (StrongestOf(*roles) > own) return Refuse(Refusal::kMayNotInviteWithRole);
  // The mail says who invites, so that has to be known.
  if (!inviter.email_verified) return Refuse(Refusal::kEmailNotVerified);
  const Timestamp now = NowOf(needs_.clock);
  StatusOr<Invitation> invitation =
      Open({.id = NewId(),
            .organization_id = request.organization_id,
            .email = LowerCased(request.email),
            .role = *roles,
            .inviter_id = inviter.id,
            .created_at = now,
            .expires_at = now + kInvitationLifetime},
           request.resend ? std::optional(own) : std::nullopt);
  if (invitation.ok()) SendMail(inviter, member->organization, *invitation);
  return invitation;
}

StatusOr<Invitation> Invitations::Open(Invitation invitation,
                                       std::optional<Role> may_renew) {
  if (may_renew.has_value()) {
    auto renewed = needs_.store.RenewInvitation(invitation, *may_renew);
    if (renewed.status().code() != StatusCode::kNotFound) return renewed;
  }
  Status added =
      needs_.store.AddInvitation(invitation, kMaxInvitationsPerOrganization);
  if (!added.ok()) return added;
  return invitation;
}

StatusOr<InvitationAndOrganization> Invitations::Find(std::string_view id,
                                                      std::string_view slug) {
  auto found = OrInvitationNotFound(
      needs_.store.InvitationById(id, NowOf(needs_.clock)));
  if (found.ok() && found->organization.slug != slug) {
    return Refuse(Refusal::kInvitationNotFound);
  }
  return found;
}

StatusOr<InvitationAndOrganization> Invitations::FindFor(const User& user,
                                                         std::string_view id) {
  auto found = OrInvitationNotFound(
      needs_.store.InvitationById(id, NowOf(needs_.clock)));
  if (found.ok() && found->invitation.email != user.email) {
    return Refuse(Refusal::kNotTheRecipient);
  }
  return found;
}

StatusOr<Invitations::Accepted> Invitations::Accept(
    const User& user, std::string_view id, std::string_view session_id) {
  StatusOr<InvitationAndOrganization> found = FindFor(user, id);
  if (!found.ok()) return found.status();
  Membership membership =
      MembershipBy(found->invitation, user, NowOf(needs_.clock));
  Status accepted = needs_.store.AcceptInvitation(id, membership, session_id);
  if (!accepted.ok()) return accepted;
  return Accepted{std::move(found->invitation),
                  {std::move(membership), std::move(found->organization)}};
}

StatusOr<SignUpResult> Invitations::AcceptAndSignUp(std::string_view id,
                                                    std::string_view slug,
                                                    InvitedSignUp request) {
  StatusOr<InvitationAndOrganization> found = Find(id, slug);
  if (!found.ok()) return found.status();
  SignUpRequest sign_up{.name = std::move(request.name),
                        .email = found->invitation.email,
                        .password = std::move(request.password),
                        .invitation = *std::move(found),
                        .user_agent = std::move(request.user_agent)};
  return needs_.accounts.SignUp(sign_up);
}

void Invitations::SendMail(const User& inviter,
                           const Organization& organization,
                           const Invitation& invitation) {
  const std::string link = needs_.base_url +
                           "/invite?tenantSlug=" + organization.slug +
                           "&invitationId=" + invitation.id + "&accept=1";
  // The organisation's name is anybody's text, and mail programs make links of
  // what looks like one: its slug cannot. The mailer reports its own failures;
  // see Invite().
  (void)needs_.mailer.Send(
      {.to = invitation.email,
       .subject = "An invitation to Libretto Cloud",
       .text = inviter.email + " invites you to the organisation " +
               organization.slug +
               " on Libretto Cloud.\nOpen this link within 48 hours:\n\n" +
               link + "\n\nor type this:\n\n" +
               "    librettoctl cloud auth accept-invite " + organization.slug +
               " " + invitation.id +
               "\n\nThe invitation is for this address alone. If you do not "
               "know who sent it,\ndo nothing: it ends by itself.\n"});
}

}  // namespace libretto::cloud
