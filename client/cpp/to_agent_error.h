// A status of ours as the public error. Any thread.
#pragma once

#include "base/errors.h"
#include "libretto/agent_error.h"

namespace libretto {

// REQUIRES: !status.ok()
AgentError ToAgentError(const Status& status);

}  // namespace libretto
