// The cloud's API-key routes over HTTP (contract 5). Loop thread only.
#pragma once

#include "agent/core/remote.h"
#include "agent/remote/cloud_api.h"

namespace libretto {

class HttpKeys final : public KeyIssuer {
 public:
  explicit HttpKeys(CloudApi& api) : api_(api) {}

  void Mint(const Principal& principal, const std::string& label,
            std::optional<std::chrono::seconds> lifetime,
            Done<MintedKey> done) override;
  void ListKeys(const Principal& principal,
                Done<std::vector<KeyInfo>> done) override;
  void Revoke(const Principal& principal, const std::string& id,
              DoneStatus done) override;

 private:
  CloudApi& api_;
};

}  // namespace libretto
