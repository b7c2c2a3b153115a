// Session: who the agent acts for, and the key that seals what it caches. It
// holds the key and no entries; the cache holds entries and no key.
//
// Loop thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/remote.h"
#include "base/seal.h"

namespace libretto {

struct Account {
  SessionCookie cookie;
  std::string user_id;
  std::string email;
  std::string expires_at;  // ISO 8601, as the cloud wrote it; may be empty

  Account Clone() const { return {cookie.Clone(), user_id, email, expires_at}; }
};

class Session {
 public:
  enum class State {
    kSignedOut,
    kSignedIn,
    kEnded,   // signed in, but the cloud does not know the session any more
    kApiKey,  // no account: an API key that was given at start
    kLocked,  // whoever was signed in, it is sealed and the key to it gone
  };

  State state() const { return state_; }

  // Whether there is something to authenticate with.
  bool usable() const {
    return state_ == State::kSignedIn || state_ == State::kApiKey;
  }

  // OK, or Locked() or Unauthenticated() with what to type.
  Status Gate() const;

  // Moves at every change of who is acted for. What began under one epoch has
  // no business under another.
  std::uint64_t epoch() const { return epoch_; }

  // As epoch(), but stays what it was over a lock and an unlock: what is known
  // of this account is still true of it.
  std::uint64_t account_epoch() const { return account_epoch_; }

  const DataKey& key() const;       // REQUIRES: usable()
  const Account& account() const;   // REQUIRES: kSignedIn or kEnded
  const ApiKey& given_key() const;  // REQUIRES: kApiKey
  Principal principal() const;      // REQUIRES: usable()
  std::string api_url() const;      // empty when signed out

  // With a new data key; with `key` the account seals what it caches as before.
  void SignIn(Account account) {
    SignIn(std::move(account), DataKey::Generate());
  }
  void SignIn(Account account, DataKey key);
  void UseApiKey(ApiKey key);
  void SignOut();

  // The cloud disowned the session. The account is kept for messages, and to
  // tell the dead session from a new one; it is not sent again.
  void MarkEnded();

  // Forgets account and key.
  void Lock();

  // After Lock(): true when `key` is the one that there was before, and so what
  // it has sealed can be kept.
  bool Unlock(Account account, DataKey key);

 private:
  void Enter(State state);

  State state_ = State::kSignedOut;
  std::uint64_t epoch_ = 0;
  std::uint64_t account_epoch_ = 0;
  std::vector<std::byte> locked_with_;  // nothing, sealed under the data key
  std::optional<Account> account_;
  std::optional<ApiKey> given_key_;
  std::optional<DataKey> key_;
};

}  // namespace libretto
