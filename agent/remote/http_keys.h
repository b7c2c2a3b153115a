// The cloud's API-key routes over HTTP (contract 5). Loop thread only.
#pragma once

#include "agent/core/remote.h"
#include "agent/remote/cloud_api.h"

namespace libretto {

class HttpKeys final : public KeyIssuer {
 public:
  explicit HttpKeys(CloudApi& api) : api_(api) {}

  void Mint(const SessionCookie& cookie, const std::string& label,
            std::chrono::seconds lifetime, Done<MintedKey> done) override;
  void ListKeys(const SessionCookie& cookie,
                Done<std::vector<KeyInfo>> done) override;
  void Revoke(const SessionCookie& cookie, const std::string& id,
              DoneStatus done) override;
  void RevokeItself(const ApiKey& key, const std::string& id,
                    DoneStatus done) override;

 private:
  CloudApi& api_;
};

}  // namespace libretto
