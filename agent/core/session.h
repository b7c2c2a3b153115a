// Session: who the agent acts for, and the key that seals what it caches. It
// holds the key and no entries; the cache holds entries and no key.
//
// Loop thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

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
  };

  State state() const { return state_; }

  // Whether there is something to authenticate with.
  bool usable() const {
    return state_ == State::kSignedIn || state_ == State::kApiKey;
  }

  // OK, or Unauthenticated() with what to type.
  Status Gate() const;

  // Moves at every change of who is acted for. What began under one epoch has
  // no business under another.
  std::uint64_t epoch() const { return epoch_; }

  const DataKey& key() const;       // REQUIRES: usable()
  const Account& account() const;   // REQUIRES: kSignedIn or kEnded
  const ApiKey& given_key() const;  // REQUIRES: kApiKey
  Principal principal() const;      // REQUIRES: usable()
  std::string api_url() const;      // empty when signed out

  void SignIn(Account account);
  void UseApiKey(ApiKey key);
  void SignOut();

  // The cloud disowned the session. The account is kept for messages, and to
  // tell the dead session from a new one; it is not sent again.
  void MarkEnded();

 private:
  void Enter(State state);

  State state_ = State::kSignedOut;
  std::uint64_t epoch_ = 0;
  std::optional<Account> account_;
  std::optional<ApiKey> given_key_;
  std::optional<DataKey> key_;
};

}  // namespace libretto
