#include "cloud/store/migrations.h"

#include <string>
#include <vector>

namespace libretto::cloud {
namespace {

using Step = std::vector<const char*>;

// Times are milliseconds since 1970 in UTC, flags are 0 or 1.
const std::vector<Step>& Steps() {
  static const std::vector<Step> steps = {
      {
          R"(CREATE TABLE settings (
               name TEXT PRIMARY KEY,
               value TEXT NOT NULL))",
          R"(CREATE TABLE users (
               id TEXT PRIMARY KEY,
               email TEXT NOT NULL UNIQUE,
               name TEXT NOT NULL,
               password_hash TEXT NOT NULL,
               email_verified INTEGER NOT NULL,
               created_at BIGINT NOT NULL,
               updated_at BIGINT NOT NULL))",
          R"(CREATE TABLE organizations (
               id TEXT PRIMARY KEY,
               slug TEXT NOT NULL UNIQUE,
               name TEXT NOT NULL,
               alert_email TEXT NOT NULL,
               created_at BIGINT NOT NULL))",
          R"(CREATE TABLE members (
               id TEXT PRIMARY KEY,
               user_id TEXT NOT NULL UNIQUE
                 REFERENCES users (id) ON DELETE CASCADE,
               organization_id TEXT NOT NULL
                 REFERENCES organizations (id) ON DELETE CASCADE,
               role TEXT NOT NULL,
               created_at BIGINT NOT NULL))",
          "CREATE INDEX members_by_organization ON members (organization_id)",
          R"(CREATE TABLE sessions (
               id TEXT PRIMARY KEY,
               token_hash TEXT NOT NULL UNIQUE,
               user_id TEXT NOT NULL
                 REFERENCES users (id) ON DELETE CASCADE,
               remember INTEGER NOT NULL,
               user_agent TEXT NOT NULL,
               created_at BIGINT NOT NULL,
               updated_at BIGINT NOT NULL,
               expires_at BIGINT NOT NULL))",
          "CREATE INDEX sessions_by_user ON sessions (user_id)",
          "CREATE INDEX sessions_by_expiry ON sessions (expires_at)",
          R"(CREATE TABLE api_keys (
               id TEXT PRIMARY KEY,
               key_hash TEXT NOT NULL UNIQUE,
               user_id TEXT NOT NULL
                 REFERENCES users (id) ON DELETE CASCADE,
               name TEXT,
               prefix TEXT,
               start TEXT NOT NULL,
               metadata TEXT,
               last_request BIGINT,
               expires_at BIGINT,
               created_at BIGINT NOT NULL,
               updated_at BIGINT NOT NULL))",
          "CREATE INDEX api_keys_by_user ON api_keys (user_id)",
          "CREATE INDEX api_keys_by_expiry ON api_keys (expires_at)",
          R"(CREATE TABLE credentials (
               id TEXT PRIMARY KEY,
               tenant_id TEXT NOT NULL
                 REFERENCES organizations (id) ON DELETE CASCADE,
               name TEXT NOT NULL,
               sealed TEXT NOT NULL,
               created_at BIGINT NOT NULL,
               updated_at BIGINT NOT NULL,
               UNIQUE (tenant_id, name)))",
      },
      {
          R"(CREATE TABLE one_time_tokens (
               token_hash TEXT PRIMARY KEY,
               purpose TEXT NOT NULL,
               user_id TEXT
                 REFERENCES users (id) ON DELETE CASCADE,
               expires_at BIGINT NOT NULL))",
          "CREATE INDEX one_time_tokens_by_user ON one_time_tokens (user_id)",
          R"(CREATE INDEX one_time_tokens_by_expiry
               ON one_time_tokens (expires_at))",
          R"(CREATE TABLE cli_logins (
               id TEXT PRIMARY KEY,
               secret_hash TEXT NOT NULL,
               user_id TEXT
                 REFERENCES users (id) ON DELETE CASCADE,
               expires_at BIGINT NOT NULL))",
          "CREATE INDEX cli_logins_by_user ON cli_logins (user_id)",
          "CREATE INDEX cli_logins_by_expiry ON cli_logins (expires_at)",
      },
      {
          // A row is an open invitation: accepting deletes it.
          R"(CREATE TABLE invitations (
               id TEXT PRIMARY KEY,
               organization_id TEXT NOT NULL
                 REFERENCES organizations (id) ON DELETE CASCADE,
               email TEXT NOT NULL,
               role TEXT NOT NULL,
               inviter_id TEXT NOT NULL
                 REFERENCES users (id) ON DELETE CASCADE,
               created_at BIGINT NOT NULL,
               expires_at BIGINT NOT NULL,
               UNIQUE (organization_id, email)))",
          "CREATE INDEX invitations_by_inviter ON invitations (inviter_id)",
          "CREATE INDEX invitations_by_expiry ON invitations (expires_at)",
          R"(ALTER TABLE sessions ADD COLUMN active_organization_id TEXT
               REFERENCES organizations (id) ON DELETE SET NULL)",
          R"(ALTER TABLE api_keys ADD COLUMN enabled INTEGER
               NOT NULL DEFAULT 1)",
      },
      {
          // Null: never. For whoever had verified before this was written down,
          // it is the latest that it can have been.
          "ALTER TABLE users ADD COLUMN email_verified_at BIGINT",
          R"(UPDATE users SET email_verified_at = updated_at
               WHERE email_verified = 1)",
      },
  };
  return steps;
}

// Two servers that start at once on one PostgreSQL would both migrate.
void WaitForOthers(soci::session& sql) {
  if (sql.get_backend_name() == "postgresql") {
    sql << "LOCK TABLE schema_version IN EXCLUSIVE MODE";
  }
}

int VersionOf(soci::session& sql) {
  int version = 0;
  sql << "SELECT COALESCE(MAX(version), 0) FROM schema_version",
      soci::into(version);
  return version;
}

}  // namespace

Status Migrate(soci::session& sql) {
  const int newest = static_cast<int>(Steps().size());
  sql << "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)";
  while (true) {
    soci::transaction transaction(sql);
    WaitForOthers(sql);
    const int version = VersionOf(sql);
    if (version > newest) {
      return Invalid("the database has schema " + std::to_string(version) +
                     ", this program knows " + std::to_string(newest) +
                     ": it was used by a newer libretto-cloud");
    }
    if (version == newest) return OkStatus();
    for (const char* statement : Steps()[static_cast<std::size_t>(version)]) {
      sql << statement;
    }
    const int reached = version + 1;
    sql << "INSERT INTO schema_version (version) VALUES (:version)",
        soci::use(reached, "version");
    transaction.commit();
  }
}

}  // namespace libretto::cloud
