#include "cloud/store/connection.h"

#include <soci/postgresql/soci-postgresql.h>
#include <soci/sqlite3/soci-sqlite3.h>

namespace libretto::cloud {
namespace {

constexpr std::string_view kPostgresUniqueViolation = "23505";
constexpr std::string_view kPostgresForeignKeyViolation = "23503";

bool MayPass(int sqlite_result) {
  constexpr int kPrimaryCode = 0xff;
  switch (sqlite_result & kPrimaryCode) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return true;
    default:
      return false;
  }
}

// A connection is one thread's at a time, so SQLite need not see to that, and
// nobody asks it how much memory it has. Takes effect before its first use.
void SpareSqliteItsLocks() {
  [[maybe_unused]] static const int kOnce =
      sqlite_api::sqlite3_config(SQLITE_CONFIG_MULTITHREAD) |
      sqlite_api::sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

bool IsViolation(const soci::soci_error& error, int sqlite_result,
                 std::string_view postgres_code) {
  if (const auto* sqlite =
          dynamic_cast<const soci::sqlite3_soci_error*>(&error)) {
    return sqlite->result() == sqlite_result;
  }
  if (const auto* postgres =
          dynamic_cast<const soci::postgresql_soci_error*>(&error)) {
    return postgres->sqlstate() == postgres_code;
  }
  return false;
}

}  // namespace

Status FailureOf(const soci::soci_error& error) {
  if (IsViolation(error, SQLITE_CONSTRAINT_FOREIGNKEY,
                  kPostgresForeignKeyViolation)) {
    return NotFound("the account or organization that asks is gone");
  }
  if (const auto* sqlite =
          dynamic_cast<const soci::sqlite3_soci_error*>(&error)) {
    // The text of the code; the exception's own may quote what was bound.
    const std::string text = std::string("SQLite says: ") +
                             sqlite_api::sqlite3_errstr(sqlite->result());
    return MayPass(sqlite->result()) ? Offline(text) : Internal(text);
  }
  if (const auto* postgres =
          dynamic_cast<const soci::postgresql_soci_error*>(&error)) {
    const std::string code = postgres->sqlstate();
    const bool is_ours =
        error.get_error_category() == soci::soci_error::constraint_violation ||
        error.get_error_category() == soci::soci_error::invalid_statement;
    if (is_ours) return Internal("PostgreSQL error " + code);
    return Offline("PostgreSQL cannot be used now (error " + code + ")");
  }
  // What SOCI throws when it cannot connect.
  return Offline("the database cannot be reached");
}

bool IsUniqueViolation(const soci::soci_error& error) {
  return IsViolation(error, SQLITE_CONSTRAINT_UNIQUE, kPostgresUniqueViolation);
}

void Open(soci::session& sql, const DatabaseUrl& url) {
  if (url.kind == DatabaseUrl::Kind::kPostgresql) {
    sql.open(soci::postgresql, url.target);
    return;
  }
  SpareSqliteItsLocks();
  sql.open(soci::sqlite3, "dbname=\"" + url.target + "\" timeout=5");
  // Otherwise a foreign key is violated with the same code as everything else.
  const auto* const backend =
      static_cast<soci::sqlite3_session_backend*>(sql.get_backend());
  sqlite_api::sqlite3_extended_result_codes(backend->conn_, 1);
}

void Revive(soci::session& sql) noexcept {
  try {
    if (!sql.is_connected()) sql.reconnect();
  } catch (const std::exception&) {
    // Still away: whoever leases this connection next hears the same.
  }
}

}  // namespace libretto::cloud
