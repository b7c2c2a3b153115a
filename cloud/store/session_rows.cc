#include "cloud/store/session_rows.h"

#include "cloud/core/refusal.h"
#include "cloud/store/connection.h"
#include "cloud/store/membership_rows.h"

namespace libretto::cloud {

using soci::into;
using soci::use;

void InsertSession(soci::session& sql, const Session& session) {
  const int remember = session.remember ? 1 : 0;
  const long long created = ToMillis(session.created_at);
  const long long updated = ToMillis(session.updated_at);
  const long long expires = ToMillis(session.expires_at);
  Nullable<std::string> active(session.active_organization_id);
  sql << "INSERT INTO sessions (id, token_hash, user_id, remember, user_agent, "
         "active_organization_id, created_at, updated_at, expires_at) VALUES "
         "(:id, :token_hash, :user_id, :remember, :user_agent, :active, "
         ":created, :updated, :expires)",
      use(session.id, "id"), use(session.token_hash, "token_hash"),
      use(session.user_id, "user_id"), use(remember, "remember"),
      use(session.user_agent, "user_agent"),
      use(active.value, active.indicator, "active"), use(created, "created"),
      use(updated, "updated"), use(expires, "expires");
}

Status HoldAccess(soci::session& sql, const std::string& user,
                  const std::string& access) {
  if (!LockUser(sql, user)) return Refuse(Refusal::kSignedOut);
  int found = 0;
  sql << "SELECT COUNT(*) FROM users u WHERE u.id = :user AND (EXISTS (SELECT "
         "1 FROM sessions WHERE id = :session AND user_id = u.id) OR EXISTS ("
         "SELECT 1 FROM api_keys WHERE id = :key AND user_id = u.id))",
      into(found), use(user, "user"), use(access, "session"),
      use(access, "key");
  return found > 0 ? OkStatus() : Refuse(Refusal::kSignedOut);
}

}  // namespace libretto::cloud
