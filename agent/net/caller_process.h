// What /proc says about the process at the other end of a connection. It is
// held by a pidfd while it is looked at: a pid that somebody else has got
// meanwhile gives nothing rather than the wrong process. Any thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "agent/core/caller.h"

namespace libretto {

// Begins to ask which program a process runs; what it returns brings the
// answer, and has to be called.
using AskExecutable = std::function<std::function<std::string()>(pid_t pid)>;

// Empty when the process has ended or is in another pid namespace. On a kernel
// without SO_PEERPIDFD (before 6.5) the pidfd is made from `pid`, so one that
// was used again between connect() and this call is not noticed.
//
// `ask_executable` is for a process that Landlock does not let ask the kernel;
// when empty, /proc is asked.
CallerProcess ProcessBehind(int connection, pid_t pid,
                            const AskExecutable& ask_executable = {});

}  // namespace libretto
