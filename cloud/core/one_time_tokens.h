// The tokens of links in mails: random, good for one hour and for one use. The
// mail has the token, the database its hash. What a use does, the store does
// together with using the token up. Any thread.
#pragma once

#include "base/clock.h"
#include "base/errors.h"
#include "base/secret.h"
#include "cloud/core/store.h"

namespace libretto::cloud {

class OneTimeTokens {
 public:
  // `store` and `clock` outlive this.
  OneTimeTokens(Store& store, const Clock& clock)
      : store_(store), clock_(clock) {}

  StatusOr<SecretBytes> Issue(TokenPurpose purpose, const User& user);

  // Takes the time of Issue() and makes a token that is nobody's: what is done
  // for an address that gets no mail, so that the answer's time does not tell.
  Status PretendToIssue(TokenPurpose purpose);

 private:
  StatusOr<SecretBytes> Add(TokenPurpose purpose,
                            std::optional<std::string> user_id);

  Store& store_;
  const Clock& clock_;
};

}  // namespace libretto::cloud
