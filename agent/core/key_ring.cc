#include "agent/core/key_ring.h"

#include <utility>

namespace libretto {

void KeyRing::Issue(const std::string& label, Done<MintedKey> done) {
  if (const Status gate = session_.Gate(); !gate.ok()) {
    return std::move(done)(gate);
  }
  if (label.empty() || label.size() > kMaxLabel) {
    return std::move(done)(Invalid("a label is 1 to 32 characters long"));
  }
  issuer_.Mint(session_.principal(), label, std::nullopt, std::move(done));
}

void KeyRing::List(Done<std::vector<KeyInfo>> done) {
  if (const Status gate = session_.Gate(); !gate.ok()) {
    return std::move(done)(gate);
  }
  issuer_.ListKeys(session_.principal(), std::move(done));
}

void KeyRing::Revoke(const std::string& id, Done<bool> done) {
  if (const Status gate = session_.Gate(); !gate.ok()) {
    return std::move(done)(gate);
  }
  issuer_.Revoke(
      session_.principal(), id,
      [this, id, done = std::move(done)](const Status& revoked) mutable {
        if (!revoked.ok()) return std::move(done)(revoked);
        std::move(done)(lease_.Forget(id));
      });
}

}  // namespace libretto
