// `libretto-agent CMD...`: an agent for one command, as ssh-agent has it. The
// command gets this very process, so its terminal, signals and exit code are
// what they would be without us; the agent is a process of its own, nobody's
// child, that ends when the command ends.
//
// One thread only: forks.
#pragma once

#include "base/errors.h"
#include "base/paths.h"

namespace libretto {

struct CommandFailure {
  int exit_code;  // as env(1): 125 before the command, 126 and 127 at it
  Status why;
};

// Starts this program again as `libretto-agent serve`, waits until it is ready,
// and becomes `command` with LIBRETTO_AGENT_SOCK set to its socket. Returns
// only when that has failed; then no agent stays behind.
CommandFailure RunWithAgent(char** command, const Paths& paths);

}  // namespace libretto
