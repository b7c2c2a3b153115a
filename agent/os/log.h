// The agent's log: one line an event, fields rather than prose, never a secret.
// Any thread.
#pragma once

#include <string>

#include "base/errors.h"

namespace libretto {

// To standard error, or to `file` (0600, two older ones of 1 MiB are kept).
Status StartLog(const std::string& level, const std::string& file);

}  // namespace libretto
