// The command that gets credentials: what of them it finds where, and how this
// process becomes it. Any thread.
#pragma once

#include <string>
#include <vector>

#include "base/credential_name.h"
#include "base/errors.h"
#include "base/secret.h"
#include "client/delivery/environment.h"

namespace libretto {

// One value on its way to a command.
struct Delivered {
  std::string variable;
  CredentialName name;
  SecretBytes value;
};

// Puts each value into `environment`. Invalid() for a value that no environment
// can hold, naming the credential.
Status DeliverByEnvironment(const std::vector<Delivered>& credentials,
                            Environment& environment);

// Replaces this process, without a shell, and so returns only when that has
// failed: NotFound() when there is no such command. It is looked for in the
// PATH of this process, not in that of `environment`.
// REQUIRES: !command.empty()
Status Execute(const std::vector<std::string>& command,
               Environment environment);

}  // namespace libretto
