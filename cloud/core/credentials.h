// A tenant's credentials. Values are sealed before they reach the store, each
// bound to its tenant and id: a row that is copied elsewhere does not open.
// Names are taken as they are (contract, trap 14). Any thread (guarded).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/errors.h"
#include "base/seal.h"
#include "base/secret.h"
#include "cloud/core/store.h"

namespace libretto::cloud {

class Credentials {
 public:
  // `store` and `clock` outlive this.
  Credentials(Store& store, const Clock& clock, DataKey key)
      : store_(store), clock_(clock), key_(std::move(key)) {}

  // All of them refuse a name or a value over its limit
  // (kCredentialNameTooLong, kCredentialValueTooLarge), and say
  // kCredentialNotFound for another tenant's credential as for none.

  // Returns the id. kCredentialExists.
  StatusOr<std::string> Create(std::string_view tenant_id,
                               std::string_view name, const SecretBytes& value);

  StatusOr<std::vector<Credential>> List(std::string_view tenant_id);

  struct Value {
    std::string id;
    SecretBytes value;
  };
  StatusOr<Value> Get(std::string_view tenant_id, std::string_view name);

  // kCredentialExists when another one has the new name.
  Status Update(std::string_view tenant_id, std::string_view id,
                const std::optional<std::string>& name,
                const SecretBytes* value);

  Status Remove(std::string_view tenant_id, std::string_view id);

  struct Upserted {
    std::string id;
    bool overwritten = false;
  };
  StatusOr<Upserted> Upsert(std::string_view tenant_id, std::string_view name,
                            const SecretBytes& value);

 private:
  std::string Sealed(std::string_view tenant_id, std::string_view id,
                     const SecretBytes& value);
  Status Add(std::string_view tenant_id, const std::string& id,
             std::string_view name, const SecretBytes& value);

  Store& store_;
  const Clock& clock_;
  const DataKey key_;
};

}  // namespace libretto::cloud
