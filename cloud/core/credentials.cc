#include "cloud/core/credentials.h"

#include <utility>

#include "cloud/core/refusal.h"
#include "cloud/core/sealed_text.h"
#include "cloud/core/tokens.h"

namespace libretto::cloud {
namespace {

constexpr std::size_t kMaxNameBytes = 1024;
constexpr std::size_t kMaxValueBytes = std::size_t{64} << 10;
// How often Upsert() starts again when others create and delete the same name
// at the same time.
constexpr int kUpsertTries = 5;

Status CheckName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes) {
    return Refuse(Refusal::kCredentialNameTooLong);
  }
  return OkStatus();
}

Status CheckValue(const SecretBytes& value) {
  if (value.size() > kMaxValueBytes) {
    return Refuse(Refusal::kCredentialValueTooLarge);
  }
  return OkStatus();
}

Status Check(std::string_view name, const SecretBytes& value) {
  Status status = CheckName(name);
  if (status.ok()) status = CheckValue(value);
  return status;
}

Status Existing(std::string_view name) {
  return Refuse(Refusal::kCredentialExists,
                "Credential \"" + std::string(name) + "\" already exists");
}

Status OrNotFound(Status status) {
  if (status.code() != StatusCode::kNotFound) return status;
  return Refuse(Refusal::kCredentialNotFound);
}

std::string Binding(std::string_view tenant_id, std::string_view id) {
  return BindingOf({"credential", tenant_id, id});
}

}  // namespace

std::string Credentials::Sealed(std::string_view tenant_id, std::string_view id,
                                const SecretBytes& value) {
  return SealToText(value, key_, Binding(tenant_id, id));
}

Status Credentials::Add(std::string_view tenant_id, const std::string& id,
                        std::string_view name, const SecretBytes& value) {
  const Timestamp now = NowOf(clock_);
  return store_.AddCredential(tenant_id,
                              {.id = id,
                               .name = std::string(name),
                               .created_at = now,
                               .updated_at = now},
                              Sealed(tenant_id, id, value));
}

StatusOr<std::string> Credentials::Create(std::string_view tenant_id,
                                          std::string_view name,
                                          const SecretBytes& value) {
  Status acceptable = Check(name, value);
  if (!acceptable.ok()) return acceptable;
  std::string id = NewUuid();
  Status added = Add(tenant_id, id, name, value);
  if (RefusalOf(added) == Refusal::kCredentialExists) return Existing(name);
  if (!added.ok()) return added;
  return id;
}

StatusOr<std::vector<Credential>> Credentials::List(
    std::string_view tenant_id) {
  return store_.CredentialsOf(tenant_id);
}

StatusOr<Credentials::Value> Credentials::Get(std::string_view tenant_id,
                                              std::string_view name) {
  StatusOr<Store::IdAndSealed> found = store_.CredentialByName(tenant_id, name);
  if (!found.ok()) return OrNotFound(found.status());
  const std::string binding = Binding(tenant_id, found->id);
  StatusOr<SecretBytes> value = OpenText(found->sealed, key_, binding);
  if (!value.ok()) {
    return Annotate(value.status(), "credential " + found->id);
  }
  return Value{std::move(found->id), *std::move(value)};
}

Status Credentials::Update(std::string_view tenant_id, std::string_view id,
                           const std::optional<std::string>& name,
                           const SecretBytes* value) {
  CredentialChange change{.name = name, .sealed = std::nullopt};
  if (name.has_value()) {
    Status acceptable = CheckName(*name);
    if (!acceptable.ok()) return acceptable;
  }
  if (value != nullptr) {
    Status acceptable = CheckValue(*value);
    if (!acceptable.ok()) return acceptable;
    change.sealed = Sealed(tenant_id, id, *value);
  }
  Status changed =
      store_.ChangeCredential(tenant_id, id, change, NowOf(clock_));
  if (RefusalOf(changed) == Refusal::kCredentialExists) return Existing(*name);
  return OrNotFound(changed);
}

Status Credentials::Remove(std::string_view tenant_id, std::string_view id) {
  return OrNotFound(store_.RemoveCredential(tenant_id, id));
}

StatusOr<Credentials::Upserted> Credentials::Upsert(std::string_view tenant_id,
                                                    std::string_view name,
                                                    const SecretBytes& value) {
  Status acceptable = Check(name, value);
  if (!acceptable.ok()) return acceptable;
  // A value is sealed for the id of its row, so the row has to be known first;
  // each of the two ways on may find that somebody else was faster.
  for (int i = 0; i < kUpsertTries; ++i) {
    StatusOr<Store::IdAndSealed> found =
        store_.CredentialByName(tenant_id, name);
    if (found.ok()) {
      Status changed = store_.ChangeCredential(
          tenant_id, found->id,
          {.name = std::nullopt, .sealed = Sealed(tenant_id, found->id, value)},
          NowOf(clock_));
      if (changed.ok()) return Upserted{std::move(found->id), true};
      if (changed.code() != StatusCode::kNotFound) return changed;
      continue;
    }
    if (found.status().code() != StatusCode::kNotFound) return found.status();
    std::string id = NewUuid();
    Status added = Add(tenant_id, id, name, value);
    if (added.ok()) return Upserted{std::move(id), false};
    if (RefusalOf(added) != Refusal::kCredentialExists) return added;
  }
  return Conflict("the credential is being created and deleted by others");
}

}  // namespace libretto::cloud
