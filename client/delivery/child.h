// A command that gets credentials in its environment and takes the place of
// this process. Any thread.
#pragma once

#include <string>
#include <vector>

#include "base/credential_name.h"
#include "base/errors.h"
#include "base/secret.h"

namespace libretto {

struct Delivered {
  CredentialName name;
  SecretBytes value;
};

// An environment for execve(): "KEY=value" and a NUL in each.
using Environment = std::vector<SecretBytes>;

// `inherited` with each credential as LIBRETTO_CLOUD_<NAME>, in the place of a
// variable that was there. Invalid() for a name or value that no environment
// can hold, naming the credential.
StatusOr<Environment> WithCredentials(
    const char* const* inherited, const std::vector<Delivered>& credentials);

// Replaces this process, without a shell, and so returns only when that has
// failed: NotFound() when there is no such command. REQUIRES: !command.empty()
Status Execute(const std::vector<std::string>& command,
               Environment environment);

}  // namespace libretto
