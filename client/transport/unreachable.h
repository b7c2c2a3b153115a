// Tells "no usable answer came from the agent" apart from what an agent
// answered: both may be UNAVAILABLE, but only the latter is about the cloud.
// Any thread.
#pragma once

#include <string_view>

#include "base/errors.h"

namespace libretto {

// Nobody answers at the agent's socket, or not in gRPC, or not in time.
Status Unreachable(std::string_view why);

// The same, where nobody listens at all: starting an agent would help.
Status NobodyListens(std::string_view why);

bool IsUnreachable(const Status& status);
bool IsNobodyListening(const Status& status);

}  // namespace libretto
