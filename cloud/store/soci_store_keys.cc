// API keys.
#include "cloud/core/refusal.h"
#include "cloud/store/connection.h"
#include "cloud/store/prepared_reads.h"
#include "cloud/store/session_rows.h"
#include "cloud/store/soci_store.h"

namespace libretto::cloud {
namespace {

using soci::into;
using soci::use;

int CountKeys(soci::session& sql, const std::string& user, Timestamp now) {
  const long long millis = ToMillis(now);
  int count = 0;
  sql << "SELECT COUNT(*) FROM api_keys WHERE user_id = :user "
         "AND (expires_at IS NULL OR expires_at > :now)",
      into(count), use(user, "user"), use(millis, "now");
  return count;
}

void InsertKey(soci::session& sql, const ApiKey& key) {
  Nullable<std::string> name(key.name);
  Nullable<std::string> prefix(key.prefix);
  Nullable<std::string> metadata(key.metadata);
  Nullable<long long> expires(ToMillis(key.expires_at));
  const long long created = ToMillis(key.created_at);
  const long long updated = ToMillis(key.updated_at);
  sql << "INSERT INTO api_keys (id, key_hash, user_id, name, prefix, start, "
         "metadata, expires_at, created_at, updated_at) VALUES (:id, :hash, "
         ":user_id, :name, :prefix, :start, :metadata, :expires, :created, "
         ":updated)",
      use(key.id, "id"), use(key.key_hash, "hash"), use(key.user_id, "user_id"),
      use(name.value, name.indicator, "name"),
      use(prefix.value, prefix.indicator, "prefix"), use(key.start, "start"),
      use(metadata.value, metadata.indicator, "metadata"),
      use(expires.value, expires.indicator, "expires"), use(created, "created"),
      use(updated, "updated");
}

}  // namespace

Status SociStore::AddApiKey(const ApiKey& key, std::string_view access_id,
                            int max_per_user) {
  return OnConnection(
      *pool_,
      [&key, access = std::string(access_id),
       max_per_user](soci::session& sql) -> Status {
        soci::transaction transaction(sql);
        Status held = HoldAccess(sql, key.user_id, access);
        if (!held.ok()) return held;
        if (CountKeys(sql, key.user_id, key.created_at) >= max_per_user) {
          return Refuse(Refusal::kTooManyApiKeys);
        }
        InsertKey(sql, key);
        transaction.commit();
        return OkStatus();
      });
}

StatusOr<KeyAndUser> SociStore::ApiKeyByHash(std::string_view key_hash) {
  return reads_->ApiKeyByHash(key_hash);
}

StatusOr<std::vector<ApiKey>> SociStore::ApiKeysOf(std::string_view user_id) {
  return OnConnection(
      *pool_,
      [user = std::string(user_id)](
          soci::session& sql) -> StatusOr<std::vector<ApiKey>> {
        KeyColumns row;
        soci::statement statement =
            (sql.prepare
                 << "SELECT id, key_hash, user_id, name, prefix, start, "
                    "metadata, enabled, last_request, expires_at, created_at, "
                    "updated_at FROM api_keys WHERE user_id = :user "
                    "ORDER BY created_at, id",
             into(row.id), into(row.hash), into(row.user_id),
             into(row.name.value, row.name.indicator),
             into(row.prefix.value, row.prefix.indicator), into(row.start),
             into(row.metadata.value, row.metadata.indicator),
             into(row.enabled),
             into(row.last_request.value, row.last_request.indicator),
             into(row.expires.value, row.expires.indicator), into(row.created),
             into(row.updated), use(user, "user"));
        statement.execute();
        std::vector<ApiKey> keys;
        while (statement.fetch()) keys.push_back(row.Get());
        return keys;
      });
}

Status SociStore::ChangeApiKey(std::string_view user_id, std::string_view id,
                               const ApiKeyChange& change) {
  return OnConnection(
      *pool_,
      [&change, user = std::string(user_id),
       key = std::string(id)](soci::session& sql) -> Status {
        Nullable<std::string> name(change.name);
        Nullable<int> enabled(change.enabled);
        const bool changed = Affects(
            (sql.prepare << "UPDATE api_keys SET name = COALESCE(:name, name), "
                            "enabled = COALESCE(:enabled, enabled) "
                            "WHERE user_id = :user AND id = :id",
             use(name.value, name.indicator, "name"),
             use(enabled.value, enabled.indicator, "enabled"),
             use(user, "user"), use(key, "id")));
        return changed ? OkStatus() : NotFound("no such API key");
      });
}

Status SociStore::RemoveApiKey(std::string_view user_id, std::string_view id) {
  return OnConnection(
      *pool_,
      [user = std::string(user_id),
       key = std::string(id)](soci::session& sql) -> Status {
        const bool removed = Affects(
            (sql.prepare << "DELETE FROM api_keys WHERE user_id = :user "
                            "AND id = :id",
             use(user, "user"), use(key, "id")));
        return removed ? OkStatus() : NotFound("no such API key");
      });
}

Status SociStore::NoteApiKeyUses(const std::vector<KeyUse>& uses) {
  return OnConnection(*pool_, [&uses](soci::session& sql) {
    soci::transaction transaction(sql);
    for (const auto& [id, when] : uses) {
      const long long millis = ToMillis(when);
      sql << "UPDATE api_keys SET last_request = :used, updated_at = :updated "
             "WHERE id = :id",
          use(millis, "used"), use(millis, "updated"), use(id, "id");
    }
    transaction.commit();
    return OkStatus();
  });
}

}  // namespace libretto::cloud
