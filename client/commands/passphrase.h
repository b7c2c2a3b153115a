// The passphrase that locks the agent, from whoever runs the command: on the
// terminal, through SSH_ASKPASS or pinentry where there is none, or from
// standard input. Never waits where nobody can answer. Not thread-safe.
#pragma once

#include <string_view>

#include "base/errors.h"
#include "base/secret.h"
#include "client/commands/verb.h"

namespace libretto {

// Invalid(), naming --passphrase-stdin, when there is no way to ask.
StatusOr<SecretBytes> ReadPassphrase(bool from_stdin, std::string_view prompt);

// Asks twice for a new one, and once when it comes from standard input.
StatusOr<SecretBytes> ReadNewPassphrase(bool from_stdin);

// Reads the passphrase and tries it; a wrong one that a person typed twice
// more.
Status Unlock(Context& context, bool from_stdin);

// As Unlock(), where a command met a locked agent and a person is at the
// terminal; the status that it met otherwise.
Status UnlockOnTerminal(Context& context, const Status& met);

}  // namespace libretto
