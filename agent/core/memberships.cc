#include "agent/core/memberships.h"

#include <utility>

#include "base/credential_name.h"

namespace libretto {
namespace {

Status MemberElsewhere(const Organization& organization) {
  return WithRemedy(
      Denied("you are a member of " + Printable(organization.name) + " (" +
             Printable(organization.slug) +
             ") already; one account belongs to one organisation"),
      "librettoctl cloud auth delete-account, or accept with another e-mail "
      "address after librettoctl cloud auth logout");
}

}  // namespace

void Memberships::Invite(const std::string& email, const std::string& role,
                         Done<Invitation> done) {
  if (const Status gate = session_.Gate(); !gate.ok()) {
    return std::move(done)(gate);
  }
  remote_.ListOrganizations(
      session_.principal(),
      [this, email, role, principal = session_.principal(),
       done = std::move(done)](
          StatusOr<std::vector<Organization>> organizations) mutable {
        if (!organizations.ok()) {
          return std::move(done)(organizations.status());
        }
        if (organizations->empty()) {
          return std::move(done)(
              NotFound("you are not a member of an organisation"));
        }
        // A key's session has no active organisation, so it is always named
        // (contract 4.3).
        const std::string id = organizations->front().id;
        remote_.Invite(
            principal, id, email, role,
            [organization = std::move(organizations->front()),
             done = std::move(done)](StatusOr<Invitation> invitation) mutable {
              if (!invitation.ok()) {
                return std::move(done)(invitation.status());
              }
              invitation->organization_name = std::move(organization.name);
              invitation->organization_slug = std::move(organization.slug);
              std::move(done)(*std::move(invitation));
            });
      });
}

void Memberships::Accept(const std::string& api_url,
                         const std::string& organization_slug,
                         const std::string& invitation_id,
                         const NewAccount& account, Done<Joined> done) {
  switch (session_.state()) {
    case Session::State::kSignedOut:
      return AcceptAsNobody(api_url, organization_slug, invitation_id, account,
                            std::move(done));
    case Session::State::kEnded:
    case Session::State::kLocked:
      return std::move(done)(session_.Gate());
    case Session::State::kSignedIn:
    case Session::State::kApiKey:
      return AcceptAsUser(organization_slug, invitation_id, std::move(done));
  }
}

void Memberships::AcceptAsNobody(const std::string& api_url,
                                 const std::string& organization_slug,
                                 const std::string& invitation_id,
                                 const NewAccount& account, Done<Joined> done) {
  if (account.name.empty() || account.password.empty()) {
    return std::move(done)(WithReason(
        Unauthenticated("nobody is logged in, so an account has to be made "
                        "first: its name or its password is missing"),
        "account_needed"));
  }
  remote_.AcceptAndSignUp(
      api_url, organization_slug, invitation_id, account.name, account.password,
      [this, done = std::move(done)](StatusOr<SignedUp> signed_up) mutable {
        if (!signed_up.ok()) return std::move(done)(signed_up.status());
        Joined joined{signed_up->email, /*organization_name=*/"",
                      signed_up->organization_slug, signed_up->email_verified,
                      /*account_created=*/true};
        const Status adopted =
            accounts_.Adopt({std::move(signed_up->cookie), signed_up->user_id,
                             signed_up->email, /*expires_at=*/""});
        if (!adopted.ok()) return std::move(done)(adopted);
        std::move(done)(std::move(joined));
      });
}

void Memberships::AcceptAsUser(std::string organization_slug,
                               std::string invitation_id, Done<Joined> done) {
  remote_.ListOrganizations(
      session_.principal(),
      [this, organization_slug = std::move(organization_slug),
       invitation_id = std::move(invitation_id), done = std::move(done)](
          const StatusOr<std::vector<Organization>>& organizations) mutable {
        if (!organizations.ok()) {
          return std::move(done)(organizations.status());
        }
        if (!organizations->empty()) {
          return std::move(done)(MemberElsewhere(organizations->front()));
        }
        if (const Status gate = session_.Gate(); !gate.ok()) {
          return std::move(done)(gate);
        }
        CompareAndAccept(std::move(organization_slug), invitation_id,
                         std::move(done));
      });
}

void Memberships::CompareAndAccept(std::string organization_slug,
                                   const std::string& invitation_id,
                                   Done<Joined> done) {
  remote_.GetInvitation(
      session_.principal(), invitation_id,
      [this, principal = session_.principal(),
       organization_slug = std::move(organization_slug),
       done = std::move(done)](StatusOr<Invitation> invitation) mutable {
        if (!invitation.ok()) return std::move(done)(invitation.status());
        if (invitation->organization_slug != organization_slug) {
          return std::move(done)(
              Invalid("the invitation is to another organisation than " +
                      Printable(organization_slug)));
        }
        const std::string id = invitation->id;
        remote_.AcceptInvitation(
            principal, id,
            [invitation = *std::move(invitation),
             done = std::move(done)](const Status& accepted) mutable {
              if (!accepted.ok()) return std::move(done)(accepted);
              std::move(done)(Joined{std::move(invitation.email),
                                     std::move(invitation.organization_name),
                                     std::move(invitation.organization_slug),
                                     /*email_verified=*/true,
                                     /*account_created=*/false});
            });
      });
}

}  // namespace libretto
