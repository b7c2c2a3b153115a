// KeyRing: the account's API keys, the one this agent has leased among them.
//
// Loop thread only.
#pragma once

#include <string>
#include <vector>

#include "agent/core/key_lease.h"
#include "agent/core/remote.h"
#include "agent/core/session.h"

namespace libretto {

class KeyRing {
 public:
  // The contract's limit (section 5).
  static constexpr std::size_t kMaxLabel = 32;

  KeyRing(Session& session, KeyLease& lease, KeyIssuer& issuer)
      : session_(session), lease_(lease), issuer_(issuer) {}

  // A key for good; its text is in the completion and nowhere else.
  void Issue(const std::string& label, Done<MintedKey> done);
  void List(Done<std::vector<KeyInfo>> done);
  // Completes with whether it was the leased one.
  void Revoke(const std::string& id, Done<bool> done);

  bool IsLeased(const std::string& id) const { return lease_.Holds(id); }

 private:
  Session& session_;
  KeyLease& lease_;
  KeyIssuer& issuer_;
};

}  // namespace libretto
