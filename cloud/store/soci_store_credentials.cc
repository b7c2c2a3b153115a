// Credentials. Every statement names the tenant: an id alone reaches nothing.
#include <algorithm>

#include "cloud/core/refusal.h"
#include "cloud/store/connection.h"
#include "cloud/store/prepared_reads.h"
#include "cloud/store/soci_store.h"

namespace libretto::cloud {
namespace {

using soci::into;
using soci::use;

}  // namespace

Status SociStore::AddCredential(std::string_view tenant_id,
                                const Credential& credential,
                                std::string_view sealed) {
  return OnConnection(
      *pool_,
      [&credential, tenant = std::string(tenant_id),
       text = std::string(sealed)](soci::session& sql) -> Status {
        const long long created = ToMillis(credential.created_at);
        const long long updated = ToMillis(credential.updated_at);
        const bool added =
            Affects(
                (sql.prepare
                     << "INSERT INTO credentials (id, tenant_id, name, sealed, "
                        "created_at, updated_at) VALUES (:id, :tenant, :name, "
                        ":sealed, :created, :updated) "
                        "ON CONFLICT (tenant_id, name) DO NOTHING",
                 use(credential.id, "id"), use(tenant, "tenant"),
                 use(credential.name, "name"), use(text, "sealed"),
                 use(created, "created"), use(updated, "updated")));
        return added ? OkStatus() : Refuse(Refusal::kCredentialExists);
      });
}

StatusOr<std::vector<Credential>> SociStore::CredentialsOf(
    std::string_view tenant_id) {
  return OnConnection(
      *pool_,
      [tenant = std::string(tenant_id)](
          soci::session& sql) -> StatusOr<std::vector<Credential>> {
        Credential row;
        long long created = 0;
        long long updated = 0;
        soci::statement statement =
            (sql.prepare << "SELECT id, name, created_at, updated_at "
                            "FROM credentials WHERE tenant_id = :tenant",
             into(row.id), into(row.name), into(created), into(updated),
             use(tenant, "tenant"));
        statement.execute();
        std::vector<Credential> credentials;
        while (statement.fetch()) {
          row.created_at = FromMillis(created);
          row.updated_at = FromMillis(updated);
          credentials.push_back(row);
        }
        // Here rather than in SQL, where each database has an order of its own.
        std::sort(credentials.begin(), credentials.end(),
                  [](const Credential& a, const Credential& b) {
                    return a.name < b.name;
                  });
        return credentials;
      });
}

StatusOr<Store::IdAndSealed> SociStore::CredentialByName(
    std::string_view tenant_id, std::string_view name) {
  return reads_->CredentialByName(tenant_id, name);
}

Status SociStore::ChangeCredential(std::string_view tenant_id,
                                   std::string_view id,
                                   const CredentialChange& change,
                                   Timestamp now) {
  return OnConnection(
      *pool_,
      [&change, tenant = std::string(tenant_id), key = std::string(id),
       millis = ToMillis(now)](soci::session& sql) -> Status {
        Nullable<std::string> name(change.name);
        Nullable<std::string> sealed(change.sealed);
        try {
          const bool changed = Affects((
              sql.prepare
                  << "UPDATE credentials SET name = COALESCE(:name, name), "
                     "sealed = COALESCE(:sealed, sealed), updated_at = CASE "
                     "WHEN updated_at < :now THEN :then ELSE updated_at + 1 "
                     "END WHERE tenant_id = :tenant AND id = :id",
              use(name.value, name.indicator, "name"),
              use(sealed.value, sealed.indicator, "sealed"), use(millis, "now"),
              use(millis, "then"), use(tenant, "tenant"), use(key, "id")));
          return changed ? OkStatus() : NotFound("no such credential");
        } catch (const soci::soci_error& error) {
          if (!IsUniqueViolation(error)) throw;
          return Refuse(Refusal::kCredentialExists);
        }
      });
}

Status SociStore::RemoveCredential(std::string_view tenant_id,
                                   std::string_view id) {
  return OnConnection(
      *pool_,
      [tenant = std::string(tenant_id),
       key = std::string(id)](soci::session& sql) -> Status {
        const bool removed =
            Affects((sql.prepare << "DELETE FROM credentials "
                                    "WHERE tenant_id = :tenant AND id = :id",
                     use(tenant, "tenant"), use(key, "id")));
        return removed ? OkStatus() : NotFound("no such credential");
      });
}

}  // namespace libretto::cloud
