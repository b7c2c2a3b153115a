// How often one client, and anybody for one account, may use the routes that
// try passwords, make accounts and send mails (contract 4.4 has what a refusal
// looks like). Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cloud/core/rate_limiter.h"

namespace libretto::cloud {

// Routes with the same limit are counted together.
struct Limit {
  std::string_view name;
  Rate per_client;
  // The account is the one that `email` in the body names. Counted for each
  // client by itself, and for all of them together.
  std::optional<Rate> per_client_and_account = {};
  std::optional<Rate> per_account = {};
};

extern const Limit kSignInLimit;
extern const Limit kSignUpLimit;
// Each of these requests sends somebody a mail. Apart, so that none uses up
// what another needs.
extern const Limit kVerificationLimit;
extern const Limit kResetLimit;
extern const Limit kInvitationLimit;
// Links and invitations that are guessed at, logins that are begun.
extern const Limit kTokenLimit;

// Whom to count: the address at the other end of the socket, or, behind a
// proxy, the last one in `forwarded_for`, which is what that proxy saw. Of an
// IPv6 address its /64, which is what one customer has.
std::string ClientOf(std::string_view peer, std::string_view forwarded_for,
                     bool behind_proxy);

}  // namespace libretto::cloud
