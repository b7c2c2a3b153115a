// The cloud's credential routes over HTTP (contract 2). Loop thread only.
#pragma once

#include "agent/core/remote.h"
#include "agent/remote/cloud_api.h"

namespace libretto {

class HttpCredentials final : public CredentialRemote {
 public:
  explicit HttpCredentials(CloudApi& api) : api_(api) {}

  void List(const ApiKey& key, Done<std::vector<CredentialInfo>> done) override;
  void Fetch(const ApiKey& key, const CredentialName& name,
             Done<SecretBytes> done) override;
  void Create(const ApiKey& key, const CredentialName& name,
              const SecretBytes& value, Done<std::string> done) override;
  void Update(const ApiKey& key, const std::string& id,
              const std::optional<SecretBytes>& value,
              const std::optional<CredentialName>& new_name,
              DoneStatus done) override;
  void Delete(const ApiKey& key, const std::string& id,
              DoneStatus done) override;
  void Upsert(const ApiKey& key, const CredentialName& name,
              const SecretBytes& value, Done<Upserted> done) override;

 private:
  CloudApi& api_;
};

}  // namespace libretto
