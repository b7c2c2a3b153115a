// Asking for a passphrase where there is no terminal: the program that
// SSH_ASKPASS names, as ssh has it, or pinentry, where there is a display to
// ask on. Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/errors.h"
#include "base/secret.h"

namespace libretto {

struct Askpass {
  enum class Kind { kSshAskpass, kPinentry };

  Kind kind;
  std::string program;
};

// Nothing when there is no way to ask. SSH_ASKPASS_REQUIRE counts as it does
// for ssh: "never" forbids, "prefer" and "force" need no display.
std::optional<Askpass> FindAskpass();

// Whether SSH_ASKPASS_REQUIRE has it go before a terminal.
bool PrefersAskpass();

// The answer, without its newline. CANCELLED when the person did not want to;
// TooSlow() when nobody answered by `deadline`: the program is ended then.
StatusOr<SecretBytes> AskWith(const Askpass& askpass, std::string_view prompt,
                              Deadline deadline);

}  // namespace libretto
