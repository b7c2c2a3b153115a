// The command line's login through a browser (contract 6.1): it opens a request
// and polls with the request's secret, somebody who is signed in approves, and
// the next poll gets a session of its own, once. The session is made by that
// poll, so its token rests nowhere. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/errors.h"
#include "base/secret.h"
#include "cloud/core/sessions.h"
#include "cloud/core/store.h"

namespace libretto::cloud {

struct OpenedCliLogin {
  std::string id;
  SecretBytes secret;
  Timestamp expires_at;
};

struct CliLoginState {
  enum class Kind { kPending, kExpired, kApproved };

  Kind kind = Kind::kPending;
  std::optional<SignedIn> signed_in = {};  // when approved
};

class CliLogins {
 public:
  struct Needs {
    Store& store;
    const Sessions& sessions;
    const Clock& clock;
  };

  explicit CliLogins(Needs needs) : needs_(needs) {}

  StatusOr<OpenedCliLogin> Open();

  // kCliLoginNotFound for an unknown id, a wrong secret and a request that has
  // had its session: who asks cannot tell which.
  StatusOr<CliLoginState> Poll(std::string_view id, const SecretBytes& secret,
                               std::string_view user_agent);

  // kCliLoginNotFound as above, and for a request that is expired or approved
  // already; kEmailNotVerified; kSignedOut when the session has ended
  // meanwhile.
  Status Approve(std::string_view id, const SecretBytes& secret,
                 const User& user, std::string_view session_id);

 private:
  StatusOr<CliLogin> Find(std::string_view id, const SecretBytes& secret);

  const Needs needs_;
};

}  // namespace libretto::cloud
