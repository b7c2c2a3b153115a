// An env file: `.env` syntax (contract 1.4) with references and plain settings,
// safe to commit because it holds no value.
//
//   LIBRETTO_CLOUD_USERNAME=libretto://username
//   LOG_LEVEL=debug
//
// Any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/credential_name.h"
#include "base/errors.h"
#include "base/secret.h"

namespace libretto {

// A variable that is to hold a credential's value.
struct Reference {
  std::string variable;
  CredentialName name;
};

struct Setting {
  std::string variable;
  SecretBytes value;
};

struct EnvFile {
  std::vector<Reference> references;
  std::vector<Setting> settings;
};

inline constexpr const char* kProjectEnvFile = ".env.libretto";

// Invalid() for a reference to no possible name, naming file and variable.
StatusOr<EnvFile> ReadEnvFile(const std::string& path);

// The `.env.libretto` of `directory` or of the nearest folder above that has
// one; nothing when none has. Denied() when somebody else could have written
// it: whoever puts one into /tmp must not decide what is handed over below.
StatusOr<std::optional<EnvFile>> ReadNearestEnvFile(
    const std::string& directory);

}  // namespace libretto
