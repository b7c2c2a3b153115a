#include "cloud/store/soci_store.h"

#include "cloud/store/connection.h"
#include "cloud/store/migrations.h"
#include "cloud/store/prepared_reads.h"

namespace libretto::cloud {
namespace {

using soci::into;
using soci::use;

constexpr std::size_t kPostgresConnections = 8;
constexpr std::chrono::minutes kCliLoginGrace{10};

void PrepareSqlite(soci::session& sql, const std::string& path) {
  Open(sql, {DatabaseUrl::Kind::kSqlite, path});
  // FULL: what has been acknowledged survives a power cut.
  sql << "PRAGMA journal_mode = WAL";
  sql << "PRAGMA synchronous = FULL";
  sql << "PRAGMA foreign_keys = ON";
}

Status Connect(soci::connection_pool& pool, const DatabaseUrl& url) {
  const bool is_sqlite = url.kind == DatabaseUrl::Kind::kSqlite;
  const std::size_t connections = is_sqlite ? 1 : kPostgresConnections;
  try {
    for (std::size_t i = 0; i < connections; ++i) {
      if (is_sqlite) {
        PrepareSqlite(pool.at(i), url.target);
      } else {
        Open(pool.at(i), url);
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

StatusOr<std::unique_ptr<SociStore>> SociStore::Open(const DatabaseUrl& url) {
  const bool is_sqlite = url.kind == DatabaseUrl::Kind::kSqlite;
  auto pool = std::make_unique<soci::connection_pool>(
      is_sqlite ? 1 : kPostgresConnections);
  Status connected = Connect(*pool, url);
  if (!connected.ok()) return connected;
  return std::unique_ptr<SociStore>(
      new SociStore(std::move(pool), std::make_unique<PreparedReads>(url)));
}

SociStore::SociStore(std::unique_ptr<soci::connection_pool> pool,
                     std::unique_ptr<PreparedReads> reads)
    : pool_(std::move(pool)), reads_(std::move(reads)) {}

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
