// Starting libretto-agent: found beside this command or in PATH, detached from
// the terminal and from every process that is about to be, and waited for until
// its socket accepts. Any thread, but the process should have only one.
#pragma once

#include <string_view>

#include "base/deadline.h"
#include "base/errors.h"
#include "base/paths.h"

namespace libretto {

enum class AgentEnvironment {
  // What an agent needs to find its files. An agent that a command starts by
  // the way serves every later terminal, so it must not take over one
  // terminal's LIBRETTO_API_KEY or LIBRETTO_API_URL.
  kAllowListed,
  // All of ours: somebody starts the agent by hand and means it.
  kInherited,
};

// Returns once the agent says that it is ready. Otherwise what it said, which
// may be that another one runs.
Status StartAgent(const Paths& paths, AgentEnvironment environment,
                  Deadline deadline);

// Whether an agent of this user runs or is about to: it holds the lock file.
bool IsAgentAlive(const Paths& paths);

// Waits until no agent holds the lock file any more; false when one still does
// after `seconds`. Uses SIGALRM.
bool WaitUntilAgentIsGone(const Paths& paths, unsigned seconds);

// Whether kAllowListed lets "NAME=value" through.
bool IsPassedToAgent(std::string_view environment_entry);

}  // namespace libretto
