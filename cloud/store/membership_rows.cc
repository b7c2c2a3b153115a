#include "cloud/store/membership_rows.h"

#include "cloud/core/refusal.h"
#include "cloud/store/connection.h"

namespace libretto::cloud {

using soci::use;

bool InsertOrganization(soci::session& sql, const Organization& organization) {
  const long long created = ToMillis(organization.created_at);
  return Affects(
      (sql.prepare
           << "INSERT INTO organizations (id, slug, name, alert_email, "
              "created_at) VALUES (:id, :slug, :name, :alert_email, :created) "
              "ON CONFLICT (slug) DO NOTHING",
       use(organization.id, "id"), use(organization.slug, "slug"),
       use(organization.name, "name"),
       use(organization.alert_email, "alert_email"), use(created, "created")));
}

Status SlugTaken(const std::string& slug) {
  return Refuse(Refusal::kSlugTaken,
                "Organization slug \"" + slug + "\" is already taken.");
}

bool InsertMembership(soci::session& sql, const Membership& membership) {
  const long long created = ToMillis(membership.created_at);
  return Affects(
      (sql.prepare
           << "INSERT INTO members (id, user_id, organization_id, role, "
              "created_at) VALUES (:id, :user_id, :organization_id, :role, "
              ":created) ON CONFLICT (user_id) DO NOTHING",
       use(membership.id, "id"), use(membership.user_id, "user_id"),
       use(membership.organization_id, "organization_id"),
       use(membership.role, "role"), use(created, "created")));
}

bool EndInvitation(soci::session& sql, const std::string& id, Timestamp now) {
  const long long millis = ToMillis(now);
  return Affects((sql.prepare
                      << "DELETE FROM invitations "
                         "WHERE id = :id AND expires_at > :now AND EXISTS ("
                         "SELECT 1 FROM members m WHERE m.user_id = inviter_id "
                         "AND m.organization_id = invitations.organization_id)",
                  use(id, "id"), use(millis, "now")));
}

}  // namespace libretto::cloud
