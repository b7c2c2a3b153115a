// The credentials that a developer keeps as LIBRETTO_CLOUD_* variables, in the
// environment or in the project's `.env`, found by the rules of the public
// `libretto` command (contract 1.4). Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "base/secret.h"

namespace libretto {

struct CloudVariable {
  std::string name;   // what follows the prefix, lower-cased
  SecretBytes value;  // untrimmed
};

// From `environment` ("KEY=value" each, ending with a null pointer) and from
// the `.env` that belongs to `directory`, unless LIBRETTO_DISABLE_DOTENV is 1
// there. Ordered as the public command orders them.
StatusOr<std::vector<CloudVariable>> FindCloudVariables(
    const char* const* environment, const std::string& directory);

// Whether `a` stands before `b` in JavaScript's localeCompare() order, which
// has punctuation before digits before letters.
bool LocaleLess(std::string_view a, std::string_view b);

}  // namespace libretto
