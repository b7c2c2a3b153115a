// What several verbs do with a session that has just been made. Not
// thread-safe.
#pragma once

#include <string_view>

#include "base/errors.h"
#include "client/commands/verb.h"

namespace libretto {

// After `login`, with a password or through the browser.
Status PrintLogin(const Context& context, const SignedIn& signed_in);

// After `signup` and `accept-invite`: unless `no_wait`, waits until the e-mail
// address is verified, ten minutes at most, then prints the account. The
// session is stored already, so that an interruption loses nothing.
Status FinishNewAccount(const Context& context, AgentClient& agent,
                        SignedIn account, bool no_wait);

inline constexpr std::string_view kNoWaitHelp =
    "Do not wait until the e-mail address is verified";

}  // namespace libretto
