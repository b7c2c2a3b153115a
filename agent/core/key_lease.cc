#include "agent/core/key_lease.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/seal.h"

namespace libretto {
namespace {

constexpr std::size_t kLabelRandomness = 12;

// At most 32 characters (contract 5).
std::string NewLabel() {
  return "libretto-agent-" + RandomAlphanumeric(kLabelRandomness);
}

}  // namespace

KeyLease::KeyLease(Session& session, KeyIssuer& issuer, KeyJournal& journal,
                   const Clock& clock)
    : session_(session), issuer_(issuer), journal_(journal), clock_(clock) {}

void KeyLease::Acquire(Done<ApiKey> done) {
  if (const Status gate = session_.Gate(); !gate.ok()) {
    return std::move(done)(gate);
  }
  if (session_.state() == Session::State::kApiKey) {
    return std::move(done)(session_.given_key().Clone());
  }
  if (held_.has_value() && held_->epoch == session_.epoch() &&
      clock_.Now() < held_->renew_at) {
    return std::move(done)(held_->minted.key.Clone());
  }
  waiting_.push_back(std::move(done));
  if (!minting_) StartMint();
}

void KeyLease::StartMint() {
  const std::string label = NewLabel();
  const Status noted = journal_.Record({session_.api_url(), label, /*id=*/""});
  if (!noted.ok()) {
    return Answer(Annotate(noted, "cannot lease an API key"));
  }
  minting_ = true;
  issuer_.Mint(
      session_.principal(), label, kLifetime,
      [this, label, epoch = session_.epoch()](StatusOr<MintedKey> minted) {
        minting_ = false;
        FinishMint(epoch, label, std::move(minted));
      });
}

void KeyLease::FinishMint(std::uint64_t epoch, const std::string& label,
                          StatusOr<MintedKey> minted) {
  if (!minted.ok()) {
    // Without an answer the key may exist all the same; then the label stays.
    if (minted.status().code() != StatusCode::kUnavailable) {
      (void)journal_.Remove(label);
    } else {
      swept_ = false;
    }
    const bool disowned =
        minted.status().code() == StatusCode::kUnauthenticated;
    if (disowned && epoch == session_.epoch()) session_.MarkEnded();
    Answer(disowned ? session_.Gate() : minted.status());
  } else {
    (void)journal_.Record({minted->key.api_url, label, minted->id});
    Held fresh{*std::move(minted), label, epoch, clock_.Now() + kRenewAfter,
               clock_.WallNow() + kLifetime};
    if (epoch == session_.epoch()) {
      Keep(std::move(fresh));
    } else {
      // Whoever this was minted for has left; who waits now wants another.
      RevokeQuietly(fresh);
      for (Done<ApiKey>& done : std::exchange(waiting_, {})) {
        Acquire(std::move(done));
      }
    }
  }
  for (DoneStatus& done : std::exchange(releasing_, {})) {
    Release(std::move(done));
  }
}

void KeyLease::Keep(Held fresh) {
  if (held_.has_value()) RevokeQuietly(*held_);
  held_ = std::move(fresh);
  Answer(MintedKey{held_->minted.id, held_->minted.key.Clone()});
  if (!std::exchange(swept_, true)) Sweep();
}

void KeyLease::Answer(const StatusOr<MintedKey>& minted) {
  // A waiter may come back for more; it then joins a list of its own.
  for (Done<ApiKey>& done : std::exchange(waiting_, {})) {
    if (minted.ok()) {
      std::move(done)(minted->key.Clone());
    } else {
      std::move(done)(minted.status());
    }
  }
}

bool KeyLease::Reject(const ApiKey& key) {
  if (held_.has_value() && held_->minted.key.text.Equals(key.text)) {
    (void)journal_.Remove(held_->label);
    held_.reset();
  }
  return session_.state() == Session::State::kSignedIn;
}

void KeyLease::Release(DoneStatus done) {
  if (minting_) {
    releasing_.push_back(std::move(done));
    return;
  }
  if (!held_.has_value()) return std::move(done)(OkStatus());
  const Held held = *std::exchange(held_, std::nullopt);
  issuer_.Revoke(held.minted.key.Clone(), held.minted.id,
                 [this, label = held.label,
                  done = std::move(done)](const Status& revoked) mutable {
                   const bool gone =
                       revoked.ok() ||
                       revoked.code() == StatusCode::kNotFound ||
                       revoked.code() == StatusCode::kUnauthenticated;
                   if (gone) {
                     (void)journal_.Remove(label);
                   } else {
                     swept_ = false;
                   }
                   std::move(done)(gone ? OkStatus() : revoked);
                 });
}

bool KeyLease::Forget(const std::string& id) {
  if (!Holds(id)) return false;
  (void)journal_.Remove(held_->label);
  held_.reset();
  return true;
}

WallTime KeyLease::expires() const {
  LIBRETTO_CHECK(held_.has_value());
  return held_->expires;
}

void KeyLease::RevokeQuietly(const Held& held) {
  issuer_.Revoke(held.minted.key.Clone(), held.minted.id,
                 [this, label = held.label](const Status& revoked) {
                   if (revoked.ok()) (void)journal_.Remove(label);
                 });
}

void KeyLease::Sweep() {
  const auto entries = journal_.Load();
  if (!entries.ok()) return;
  std::vector<JournalEntry> unanswered;
  for (const JournalEntry& entry : *entries) {
    // Keys at another cloud wait until there is a session for that one.
    if (entry.label == held_->label || entry.api_url != session_.api_url()) {
      continue;
    }
    if (entry.id.empty()) {
      unanswered.push_back(entry);
    } else {
      RevokeLeftover(entry.id, entry.label);
    }
  }
  if (!unanswered.empty()) SweepByLabel(std::move(unanswered));
}

void KeyLease::SweepByLabel(std::vector<JournalEntry> unanswered) {
  issuer_.ListKeys(
      session_.principal(),
      [this, unanswered = std::move(unanswered),
       epoch = session_.epoch()](const StatusOr<std::vector<KeyInfo>>& keys) {
        if (!keys.ok() || epoch != session_.epoch()) return;
        for (const JournalEntry& entry : unanswered) {
          const auto found = std::find_if(keys->begin(), keys->end(),
                                          [&entry](const KeyInfo& key) {
                                            return key.label == entry.label;
                                          });
          if (found == keys->end()) {
            (void)journal_.Remove(entry.label);
          } else {
            RevokeLeftover(found->id, entry.label);
          }
        }
      });
}

void KeyLease::RevokeLeftover(const std::string& id, const std::string& label) {
  issuer_.Revoke(
      session_.principal(), id, [this, label](const Status& revoked) {
        if (revoked.ok() || revoked.code() == StatusCode::kNotFound) {
          (void)journal_.Remove(label);
        }
      });
}

}  // namespace libretto
