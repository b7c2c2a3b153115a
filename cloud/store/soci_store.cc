#include "cloud/store/soci_store.h"

#include <soci/postgresql/soci-postgresql.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "cloud/store/connection.h"
#include "cloud/store/migrations.h"

namespace libretto::cloud {
namespace {

using soci::into;
using soci::use;

constexpr std::size_t kPostgresConnections = 8;
constexpr std::chrono::minutes kCliLoginGrace{10};
constexpr std::string_view kSqliteScheme = "sqlite:";

void PrepareSqlite(soci::session& sql, const std::string& path) {
  sql.open(soci::sqlite3, "dbname=\"" + path + "\" timeout=5");
  // Otherwise a foreign key is violated with the same code as everything else.
  const auto* const backend =
      static_cast<soci::sqlite3_session_backend*>(sql.get_backend());
  sqlite_api::sqlite3_extended_result_codes(backend->conn_, 1);
  // FULL: what has been acknowledged survives a power cut.
  sql << "PRAGMA journal_mode = WAL";
  sql << "PRAGMA synchronous = FULL";
  sql << "PRAGMA foreign_keys = ON";
}

void PreparePostgres(soci::session& sql, const std::string& url) {
  sql.open(soci::postgresql, url);
}

Status Connect(soci::connection_pool& pool, const DatabaseUrl& url) {
  const bool is_sqlite = url.kind == DatabaseUrl::Kind::kSqlite;
  const std::size_t connections = is_sqlite ? 1 : kPostgresConnections;
  try {
    for (std::size_t i = 0; i < connections; ++i) {
      if (is_sqlite) {
        PrepareSqlite(pool.at(i), url.target);
      } else {
        PreparePostgres(pool.at(i), url.target);
      }
    }
    return Migrate(pool.at(0));
  } catch (const soci::soci_error& error) {
    const Status failure = FailureOf(error);
    if (is_sqlite) return Annotate(failure, "cannot open " + url.target);
    // libpq's own words may quote the URL, and a password in it.
    return WithRemedy(Annotate(failure, "cannot open the database"),
                      "psql with the same URL, which says why");
  }
}

}  // namespace

StatusOr<DatabaseUrl> DatabaseUrl::Parse(std::string_view text) {
  if (text.starts_with(kSqliteScheme)) {
    const std::string_view path = text.substr(kSqliteScheme.size());
    if (path.empty() || path.find('"') != std::string_view::npos) {
      return Invalid("sqlite: wants a path without quotation marks after it");
    }
    return DatabaseUrl{Kind::kSqlite, std::string(path)};
  }
  if (text.starts_with("postgresql://") || text.starts_with("postgres://")) {
    return DatabaseUrl{Kind::kPostgresql, std::string(text)};
  }
  return Invalid(
      "a database is sqlite:PATH or postgresql://[USER@]HOST[:PORT]/NAME");
}

StatusOr<std::unique_ptr<SociStore>> SociStore::Open(const DatabaseUrl& url) {
  const bool is_sqlite = url.kind == DatabaseUrl::Kind::kSqlite;
  auto pool = std::make_unique<soci::connection_pool>(
      is_sqlite ? 1 : kPostgresConnections);
  Status connected = Connect(*pool, url);
  if (!connected.ok()) return connected;
  return std::unique_ptr<SociStore>(new SociStore(std::move(pool)));
}

SociStore::SociStore(std::unique_ptr<soci::connection_pool> pool)
    : pool_(std::move(pool)) {}

SociStore::~SociStore() = default;

StatusOr<std::string> SociStore::Setting(std::string_view name) {
  return OnConnection(
      *pool_,
      [key = std::string(name)](soci::session& sql) -> StatusOr<std::string> {
        std::string value;
        sql << "SELECT value FROM settings WHERE name = :name", into(value),
            use(key, "name");
        if (!sql.got_data()) return NotFound("no such setting");
        return value;
      });
}

Status SociStore::AddSetting(std::string_view name, std::string_view value) {
  return OnConnection(*pool_, [key = std::string(name),
                               text = std::string(value)](soci::session& sql) {
    sql << "INSERT INTO settings (name, value) VALUES (:name, :value) "
           "ON CONFLICT (name) DO NOTHING",
        use(key, "name"), use(text, "value");
    return OkStatus();
  });
}

Status SociStore::RemoveExpired(Timestamp now) {
  return OnConnection(*pool_, [millis = ToMillis(now)](soci::session& sql) {
    soci::transaction transaction(sql);
    sql << "DELETE FROM sessions WHERE expires_at <= :now", use(millis, "now");
    sql << "DELETE FROM api_keys WHERE expires_at <= :now", use(millis, "now");
    sql << "DELETE FROM one_time_tokens WHERE expires_at <= :now",
        use(millis, "now");
    const long long before = millis - ToMillis(Timestamp(kCliLoginGrace));
    sql << "DELETE FROM cli_logins WHERE expires_at <= :before",
        use(before, "before");
    sql << "DELETE FROM invitations WHERE expires_at <= :now",
        use(millis, "now");
    transaction.commit();
    return OkStatus();
  });
}

}  // namespace libretto::cloud
