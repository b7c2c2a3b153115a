#include "cloud/core/organizations.h"

#include "cloud/core/refusal.h"
#include "cloud/core/roles.h"
#include "cloud/core/text.h"
#include "cloud/core/tokens.h"

namespace libretto::cloud {

MembershipAndOrganization NewOrganization(const User& owner,
                                          const OrganizationRequest& request,
                                          Timestamp now) {
  Organization organization{.id = NewId(),
                            .slug = request.slug,
                            .name = request.name,
                            .alert_email = LowerCased(request.alert_email),
                            .created_at = now};
  Membership membership{.id = NewId(),
                        .user_id = owner.id,
                        .organization_id = organization.id,
                        .role = std::string(NameOf(Role::kOwner)),
                        .created_at = now};
  return {std::move(membership), std::move(organization)};
}

Membership MembershipBy(const Invitation& invitation, const User& member,
                        Timestamp now) {
  return {.id = NewId(),
          .user_id = member.id,
          .organization_id = invitation.organization_id,
          .role = std::string(NameOf(StrongestOf(invitation.role))),
          .created_at = now};
}

StatusOr<MembershipAndOrganization> Organizations::Create(
    const User& owner, const OrganizationRequest& request,
    std::string_view session_id) {
  // The store would notice too, but after the slug: who is a member elsewhere
  // has no use for another slug.
  const auto membership = store_.MembershipOf(owner.id);
  if (membership.ok()) return Refuse(Refusal::kMemberElsewhere);
  if (membership.status().code() != StatusCode::kNotFound) {
    return membership.status();
  }
  MembershipAndOrganization made =
      NewOrganization(owner, request, NowOf(clock_));
  Status added =
      store_.AddOrganization(made.organization, made.membership, session_id);
  if (!added.ok()) return added;
  return made;
}

}  // namespace libretto::cloud
