// KeyLease: the short-lived API key that the credential routes want, minted
// from the session, held in memory only, and made to revoke itself when it is
// no longer needed.
//
// A crash must not leave keys behind at the cloud. So a random label is written
// down before a key is minted and the key's id after; the next lease revokes
// exactly what was written down and not seen revoked. A sweep by host name
// would end the key of another living agent.
//
// Loop thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/remote.h"
#include "agent/core/session.h"
#include "base/clock.h"

namespace libretto {

// A key that was, or was about to be, minted.
struct JournalEntry {
  std::string api_url;
  std::string label;
  std::string id;  // empty: the cloud's answer never arrived
};

// Where the lease writes down what it minted; survives a crash.
class KeyJournal {
 public:
  virtual ~KeyJournal() = default;
  virtual StatusOr<std::vector<JournalEntry>> Load() = 0;
  // Adds the entry, or replaces the one with the same label.
  virtual Status Record(const JournalEntry& entry) = 0;
  virtual Status Remove(const std::string& label) = 0;
};

class KeyLease {
 public:
  static constexpr std::chrono::hours kLifetime{24};  // the shortest there is
  static constexpr std::chrono::hours kRenewAfter{18};

  KeyLease(Session& session, KeyIssuer& issuer, KeyJournal& journal,
           const Clock& clock);

  // The key, minted first when there is none; joins a mint in flight.
  void Acquire(Done<ApiKey> done);

  // The cloud disowned `key`. Forgets it if it is still the leased one; true
  // when the next Acquire() can give another one.
  bool Reject(const ApiKey& key);

  // Has the leased key revoke itself and forgets it at once; waits for a mint
  // in flight. OK when there is none. On failure the journal still names it and
  // a later lease sweeps it.
  void Release(DoneStatus done);

  // The key with this id has been revoked by somebody. True when it was the
  // leased one, which is forgotten: the next Acquire() mints another.
  bool Forget(const std::string& id);

  bool held() const { return held_.has_value(); }
  bool Holds(const std::string& id) const {
    return held_.has_value() && held_->minted.id == id;
  }
  WallTime expires() const;  // REQUIRES: held()

 private:
  struct Held {
    MintedKey minted;
    std::string label;
    std::uint64_t epoch;
    TimePoint renew_at;
    WallTime expires;
  };

  void StartMint();
  void FinishMint(std::uint64_t epoch, const std::string& label,
                  StatusOr<MintedKey> minted);
  void Answer(const StatusOr<MintedKey>& minted);
  void Keep(Held fresh);
  void RevokeQuietly(const Held& held);
  void Sweep();
  void SweepByLabel(std::vector<JournalEntry> unanswered);
  void RevokeLeftover(const std::string& id, const std::string& label);

  Session& session_;
  KeyIssuer& issuer_;
  KeyJournal& journal_;
  const Clock& clock_;
  std::optional<Held> held_;
  std::vector<Done<ApiKey>> waiting_;
  std::vector<DoneStatus> releasing_;  // wait for the mint in flight
  bool minting_ = false;
  bool swept_ = false;  // the journal names nothing that can be revoked
};

}  // namespace libretto
