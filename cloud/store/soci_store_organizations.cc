// Organisations, members and invitations.
#include "cloud/core/refusal.h"
#include "cloud/store/connection.h"
#include "cloud/store/membership_rows.h"
#include "cloud/store/soci_store.h"

namespace libretto::cloud {
namespace {

using soci::into;
using soci::use;

struct OrganizationColumns {
  Organization Get() const {
    return {.id = id,
            .slug = slug,
            .name = name,
            .alert_email = alert_email,
            .created_at = FromMillis(created)};
  }

  std::string id;
  std::string slug;
  std::string name;
  std::string alert_email;
  long long created = 0;
};

struct InvitationColumns {
  Invitation Get() const {
    return {.id = id,
            .organization_id = organization_id,
            .email = email,
            .role = role,
            .inviter_id = inviter_id,
            .created_at = FromMillis(created),
            .expires_at = FromMillis(expires)};
  }

  std::string id;
  std::string organization_id;
  std::string email;
  std::string role;
  std::string inviter_id;
  long long created = 0;
  long long expires = 0;
};

// False when the session has ended.
bool ActivateOrganization(soci::session& sql, const std::string& session_id,
                          const std::string& organization_id) {
  if (session_id.empty()) return true;
  return Affects((sql.prepare << "UPDATE sessions SET active_organization_id = "
                                 ":organization WHERE id = :session",
                  use(organization_id, "organization"),
                  use(session_id, "session")));
}

bool IsMember(soci::session& sql, const Invitation& invitation) {
  int found = 0;
  sql << "SELECT COUNT(*) FROM members m JOIN users u ON u.id = m.user_id "
         "WHERE m.organization_id = :organization AND u.email = :email",
      into(found), use(invitation.organization_id, "organization"),
      use(invitation.email, "email");
  return found > 0;
}

// What lies under the same address and has ended, which nobody has swept yet.
void SweepInvitation(soci::session& sql, const Invitation& invitation) {
  const long long now = ToMillis(invitation.created_at);
  sql << "DELETE FROM invitations WHERE organization_id = :organization "
         "AND email = :email AND (expires_at <= :now OR NOT EXISTS ("
         "SELECT 1 FROM members m WHERE m.user_id = inviter_id "
         "AND m.organization_id = invitations.organization_id))",
      use(invitation.organization_id, "organization"),
      use(invitation.email, "email"), use(now, "now");
}

int OpenInvitations(soci::session& sql, const Invitation& invitation) {
  const long long now = ToMillis(invitation.created_at);
  int open = 0;
  sql << "SELECT COUNT(*) FROM invitations "
         "WHERE organization_id = :organization AND expires_at > :now",
      into(open), use(invitation.organization_id, "organization"),
      use(now, "now");
  return open;
}

bool InsertInvitation(soci::session& sql, const Invitation& invitation) {
  const long long created = ToMillis(invitation.created_at);
  const long long expires = ToMillis(invitation.expires_at);
  return Affects((
      sql.prepare << "INSERT INTO invitations (id, organization_id, email, "
                     "role, inviter_id, created_at, expires_at) VALUES (:id, "
                     ":organization, :email, :role, :inviter, :created, "
                     ":expires) ON CONFLICT (organization_id, email) "
                     "DO NOTHING",
      use(invitation.id, "id"), use(invitation.organization_id, "organization"),
      use(invitation.email, "email"), use(invitation.role, "role"),
      use(invitation.inviter_id, "inviter"), use(created, "created"),
      use(expires, "expires")));
}

// The open one for the same organisation and address, which nobody else changes
// until the end of the transaction.
StatusOr<Invitation> LockOpenInvitation(soci::session& sql,
                                        const Invitation& invitation) {
  const long long now = ToMillis(invitation.created_at);
  const bool is_open = Affects(
      (sql.prepare
           << "UPDATE invitations SET role = role "
              "WHERE organization_id = :organization AND email = :email "
              "AND expires_at > :now AND EXISTS (SELECT 1 FROM members m "
              "WHERE m.user_id = inviter_id AND m.organization_id = "
              "invitations.organization_id)",
       use(invitation.organization_id, "organization"),
       use(invitation.email, "email"), use(now, "now")));
  if (!is_open) return NotFound("no such invitation");
  InvitationColumns row;
  sql << "SELECT id, organization_id, email, role, inviter_id, "
         "created_at, expires_at FROM invitations "
         "WHERE organization_id = :organization AND email = :email",
      into(row.id), into(row.organization_id), into(row.email), into(row.role),
      into(row.inviter_id), into(row.created), into(row.expires),
      use(invitation.organization_id, "organization"),
      use(invitation.email, "email");
  return row.Get();
}

}  // namespace

StatusOr<std::vector<Organization>> SociStore::OrganizationsOf(
    std::string_view user_id) {
  return OnConnection(
      *pool_,
      [user = std::string(user_id)](
          soci::session& sql) -> StatusOr<std::vector<Organization>> {
        OrganizationColumns row;
        soci::statement statement =
            (sql.prepare << "SELECT o.id, o.slug, o.name, "
                            "o.alert_email, o.created_at "
                            "FROM organizations o JOIN members m "
                            "ON m.organization_id = o.id "
                            "WHERE m.user_id = :user",
             into(row.id), into(row.slug), into(row.name),
             into(row.alert_email), into(row.created), use(user, "user"));
        statement.execute();
        std::vector<Organization> organizations;
        while (statement.fetch()) organizations.push_back(row.Get());
        return organizations;
      });
}

Status SociStore::AddOrganization(const Organization& organization,
                                  const Membership& owner,
                                  std::string_view session_id) {
  return OnConnection(
      *pool_, [&organization, &owner,
               session = std::string(session_id)](soci::session& sql) {
        soci::transaction transaction(sql);
        if (!LockUser(sql, owner.user_id)) {
          return Refuse(Refusal::kSignedOut);
        }
        if (!InsertOrganization(sql, organization)) {
          return SlugTaken(organization.slug);
        }
        if (!InsertMembership(sql, owner)) {
          return Refuse(Refusal::kMemberElsewhere);
        }
        if (!ActivateOrganization(sql, session, organization.id)) {
          return Refuse(Refusal::kSignedOut);
        }
        transaction.commit();
        return OkStatus();
      });
}

Status SociStore::AcceptInvitation(std::string_view id,
                                   const Membership& member,
                                   std::string_view session_id) {
  return OnConnection(
      *pool_, [key = std::string(id), &member,
               session = std::string(session_id)](soci::session& sql) {
        soci::transaction transaction(sql);
        if (!LockUser(sql, member.user_id)) return Refuse(Refusal::kSignedOut);
        LockOrganization(sql, member.organization_id);
        if (!EndInvitation(sql, key, member.created_at)) {
          return Refuse(Refusal::kInvitationNotFound);
        }
        if (!InsertMembership(sql, member)) {
          return Refuse(Refusal::kMemberElsewhere);
        }
        if (!ActivateOrganization(sql, session, member.organization_id)) {
          return Refuse(Refusal::kSignedOut);
        }
        transaction.commit();
        return OkStatus();
      });
}

StatusOr<MembershipAndOrganization> SociStore::MembershipOf(
    std::string_view user_id) {
  return OnConnection(
      *pool_,
      [user = std::string(user_id)](
          soci::session& sql) -> StatusOr<MembershipAndOrganization> {
        Membership member;
        long long joined = 0;
        OrganizationColumns organization;
        sql << "SELECT m.id, m.role, m.created_at, o.id, o.slug, o.name, "
               "o.alert_email, o.created_at FROM members m "
               "JOIN organizations o ON o.id = m.organization_id "
               "WHERE m.user_id = :user",
            into(member.id), into(member.role), into(joined),
            into(organization.id), into(organization.slug),
            into(organization.name), into(organization.alert_email),
            into(organization.created), use(user, "user");
        if (!sql.got_data()) return NotFound("no such member");
        member.user_id = user;
        member.organization_id = organization.id;
        member.created_at = FromMillis(joined);
        return MembershipAndOrganization{std::move(member), organization.Get()};
      });
}

StatusOr<InvitationAndOrganization> SociStore::InvitationById(
    std::string_view id, Timestamp now) {
  return OnConnection(
      *pool_,
      [key = std::string(id), millis = ToMillis(now)](
          soci::session& sql) -> StatusOr<InvitationAndOrganization> {
        InvitationColumns invitation;
        OrganizationColumns organization;
        std::string inviter_email;
        sql << "SELECT i.id, i.organization_id, i.email, i.role, i.inviter_id, "
               "i.created_at, i.expires_at, o.id, o.slug, o.name, "
               "o.alert_email, o.created_at, u.email FROM invitations i "
               "JOIN organizations o ON o.id = i.organization_id "
               "JOIN users u ON u.id = i.inviter_id "
               "JOIN members m ON m.user_id = i.inviter_id "
               "AND m.organization_id = i.organization_id "
               "WHERE i.id = :id AND i.expires_at > :now",
            into(invitation.id), into(invitation.organization_id),
            into(invitation.email), into(invitation.role),
            into(invitation.inviter_id), into(invitation.created),
            into(invitation.expires), into(organization.id),
            into(organization.slug), into(organization.name),
            into(organization.alert_email), into(organization.created),
            into(inviter_email), use(key, "id"), use(millis, "now");
        if (!sql.got_data()) return NotFound("no such invitation");
        return InvitationAndOrganization{invitation.Get(), organization.Get(),
                                         std::move(inviter_email)};
      });
}

Status SociStore::AddInvitation(const Invitation& invitation,
                                int max_per_organization) {
  return OnConnection(*pool_, [&invitation,
                               max_per_organization](soci::session& sql) {
    soci::transaction transaction(sql);
    if (IsMember(sql, invitation)) return Refuse(Refusal::kAlreadyMember);
    SweepInvitation(sql, invitation);
    const bool full = OpenInvitations(sql, invitation) >= max_per_organization;
    if (!InsertInvitation(sql, invitation)) {
      return Refuse(Refusal::kAlreadyInvited);
    }
    if (full) return Refuse(Refusal::kTooManyInvitations);
    transaction.commit();
    return OkStatus();
  });
}

StatusOr<Invitation> SociStore::RenewInvitation(const Invitation& invitation,
                                                Role strongest) {
  return OnConnection(
      *pool_,
      [&invitation, strongest](soci::session& sql) -> StatusOr<Invitation> {
        soci::transaction transaction(sql);
        StatusOr<Invitation> open = LockOpenInvitation(sql, invitation);
        if (!open.ok()) return open;
        if (StrongestOf(open->role) > strongest) {
          return Refuse(Refusal::kMayNotInviteWithRole);
        }
        open->role = invitation.role;
        open->inviter_id = invitation.inviter_id;
        open->expires_at = invitation.expires_at;
        const long long expires = ToMillis(open->expires_at);
        sql << "UPDATE invitations SET role = :role, inviter_id = :inviter, "
               "expires_at = :expires WHERE id = :id",
            use(open->role, "role"), use(open->inviter_id, "inviter"),
            use(expires, "expires"), use(open->id, "id");
        transaction.commit();
        return open;
      });
}

}  // namespace libretto::cloud
