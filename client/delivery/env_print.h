// Variables as text that somebody else reads: a shell's eval, a program's JSON
// parser, a reader of `.env` files. Any thread.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "base/secret.h"
#include "client/delivery/env_file.h"

namespace libretto {

enum class EnvFormat { kBash, kFish, kJson, kDotenv, kDirenv };

// Nothing for a word that is none of bash, fish, json, dotenv and direnv.
std::optional<EnvFormat> EnvFormatNamed(std::string_view word);

// Whether it is for a shell's hook, which runs everywhere and all the time.
bool IsForHook(EnvFormat format);

// bash and direnv: `export VAR='value'`, which every POSIX shell reads; fish:
// `set -gx VAR 'value'`. dotenv: what ParseDotenv() reads back as it was;
// Invalid() for a value of several lines and for one that no quotes hold.
// Invalid(), too, for a NUL in a value and for what is no name of a variable.
// kJson is not for here: REQUIRES: format != kJson
StatusOr<SecretBytes> PrintEnv(EnvFormat format,
                               const std::vector<Setting>& variables);

}  // namespace libretto
