#include "cloud/store/membership_rows.h"

#include "cloud/core/refusal.h"
#include "cloud/store/connection.h"

namespace libretto::cloud {

using soci::into;
using soci::use;

// SQLite has no FOR UPDATE; a change that changes nothing locks on both.
bool LockUser(soci::session& sql, const std::string& id) {
  return Affects((sql.prepare << "UPDATE users SET name = name WHERE id = :id",
                  use(id, "id")));
}

void LockOrganization(soci::session& sql, const std::string& id) {
  sql << "UPDATE organizations SET name = name WHERE id = :id", use(id, "id");
}

std::string LockOrganizationOf(soci::session& sql, const std::string& user) {
  std::string organization;
  sql << "SELECT organization_id FROM members WHERE user_id = :user",
      into(organization), use(user, "user");
  if (!organization.empty()) LockOrganization(sql, organization);
  return organization;
}

bool EndOrganizationOfOne(soci::session& sql, const std::string& organization,
                          const std::string& user) {
  return Affects(
      (sql.prepare << "DELETE FROM organizations WHERE id = :id AND NOT EXISTS "
                      "(SELECT 1 FROM members WHERE organization_id = "
                      ":organization AND user_id <> :user)",
       use(organization, "id"), use(organization, "organization"),
       use(user, "user")));
}

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
