#include "cloud/store/session_rows.h"

#include "cloud/store/connection.h"

namespace libretto::cloud {

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

}  // namespace libretto::cloud
