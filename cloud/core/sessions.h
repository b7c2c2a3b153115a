// Sessions: seven days, extended by use at most once a day; one day and never
// extended when the user asked not to be remembered. The token is known to its
// holder alone, the database has its hash. Any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/errors.h"
#include "base/secret.h"
#include "cloud/core/store.h"

namespace libretto::cloud {

inline constexpr std::chrono::seconds kSessionLifetime =
    std::chrono::hours(24 * 7);

struct SignedIn {
  User user;
  Session session;
  SecretBytes token;
};

class Sessions {
 public:
  // `store` and `clock` outlive this.
  Sessions(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // A session that is not stored yet.
  SignedIn Prepare(const User& user, bool remember,
                   std::string_view user_agent) const;

  // For who has shown the password of `login`; kWrongEmailOrPassword when it
  // has been changed meanwhile.
  StatusOr<SignedIn> Start(const Login& login, bool remember,
                           std::string_view user_agent);

  // Refusal::kSignedOut when the token opens nothing (any more).
  StatusOr<SignedIn> Find(const SecretBytes& token);

  // Whether the session was due to be extended, and has been.
  StatusOr<bool> ExtendIfDue(Session& session);

  // Fine when there is none.
  Status End(const SecretBytes& token);

 private:
  Store& store_;
  const Clock& clock_;
};

}  // namespace libretto::cloud
