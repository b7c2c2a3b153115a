#include "cloud/store/prepared_reads.h"

#include <string>
#include <utility>

#include "cloud/store/connection.h"

namespace libretto::cloud {
namespace {

using soci::into;
using soci::use;

// Executes it, to its end: left at its row, SQLite would go on to show the
// database as it is now.
bool ReadsRow(soci::statement& statement) {
  if (!statement.execute(/*withDataExchange=*/true)) return false;
  statement.fetch();
  return true;
}

struct KeyRead {
  explicit KeyRead(soci::session& sql)
      : statement((sql.prepare
                       << "SELECT u.id, u.email, u.name, u.email_verified, "
                          "u.created_at, u.updated_at, k.id, k.name, k.prefix, "
                          "k.start, k.metadata, k.enabled, k.last_request, "
                          "k.expires_at, k.created_at, k.updated_at, "
                          "COALESCE(m.organization_id, '') FROM api_keys k "
                          "JOIN users u ON u.id = k.user_id "
                          "LEFT JOIN members m ON m.user_id = k.user_id "
                          "WHERE k.key_hash = :hash",
                   into(user.id), into(user.email), into(user.name),
                   into(user.verified), into(user.created), into(user.updated),
                   into(key.id), into(key.name.value, key.name.indicator),
                   into(key.prefix.value, key.prefix.indicator),
                   into(key.start),
                   into(key.metadata.value, key.metadata.indicator),
                   into(key.enabled),
                   into(key.last_request.value, key.last_request.indicator),
                   into(key.expires.value, key.expires.indicator),
                   into(key.created), into(key.updated), into(tenant_id),
                   use(key.hash, "hash"))) {}

  UserColumns user;
  KeyColumns key;
  std::string tenant_id;
  soci::statement statement;
};

struct CredentialRead {
  explicit CredentialRead(soci::session& sql)
      : statement((sql.prepare << "SELECT id, sealed FROM credentials "
                                  "WHERE tenant_id = :tenant AND name = :name",
                   into(found.id), into(found.sealed), use(tenant_id, "tenant"),
                   use(name, "name"))) {}

  std::string tenant_id;
  std::string name;
  Store::IdAndSealed found;
  soci::statement statement;
};

}  // namespace

// One connection, for one thread at a time.
class PreparedReads::Reader {
 public:
  explicit Reader(const DatabaseUrl& url)
      : sql_(Connected(url)), key_(*sql_), credential_(*sql_) {}

  StatusOr<KeyAndUser> ApiKeyByHash(std::string_view hash) {
    key_.key.hash = hash;
    if (!ReadsRow(key_.statement)) return NotFound("no such API key");
    key_.key.user_id = key_.user.id;
    return KeyAndUser{key_.key.Get(), key_.user.Get(), key_.tenant_id};
  }

  StatusOr<Store::IdAndSealed> CredentialByName(std::string_view tenant_id,
                                                std::string_view name) {
    credential_.tenant_id = tenant_id;
    credential_.name = name;
    if (!ReadsRow(credential_.statement)) {
      return NotFound("no such credential");
    }
    return credential_.found;
  }

 private:
  static std::unique_ptr<soci::session> Connected(const DatabaseUrl& url) {
    auto sql = std::make_unique<soci::session>();
    Open(*sql, url);
    return sql;
  }

  const std::unique_ptr<soci::session> sql_;
  KeyRead key_;
  CredentialRead credential_;
};

PreparedReads::PreparedReads(DatabaseUrl url) : url_(std::move(url)) {}

PreparedReads::~PreparedReads() = default;

StatusOr<KeyAndUser> PreparedReads::ApiKeyByHash(std::string_view key_hash) {
  return OnReader(
      [key_hash](Reader& reader) { return reader.ApiKeyByHash(key_hash); });
}

StatusOr<Store::IdAndSealed> PreparedReads::CredentialByName(
    std::string_view tenant_id, std::string_view name) {
  return OnReader([tenant_id, name](Reader& reader) {
    return reader.CredentialByName(tenant_id, name);
  });
}

// A reader that failed is not used again: its connection may be lost, its
// statement halfway through.
template <typename Read>
auto PreparedReads::OnReader(Read&& read)
    -> decltype(read(std::declval<Reader&>())) {
  try {
    std::unique_ptr<Reader> reader = Take();
    auto result = std::forward<Read>(read)(*reader);
    const std::scoped_lock lock(mutex_);
    idle_.push_back(std::move(reader));
    return result;
  } catch (const soci::soci_error& error) {
    return FailureOf(error);
  }
}

std::unique_ptr<PreparedReads::Reader> PreparedReads::Take() {
  {
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Reader> reader = std::move(idle_.back());
      idle_.pop_back();
      return reader;
    }
  }
  return std::make_unique<Reader>(url_);
}

}  // namespace libretto::cloud
