// Who is on the other end of a connection, as the kernel said when it was
// accepted, and through which socket. Immutable after construction.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace libretto {

// Which scope; never used twice while the agent runs. 0: none.
using ScopeId = std::uint64_t;

// The rest of what is known about the process that connected. For people and
// for the audit log, never for a decision: a process may connect and then
// become another program, or hand its connection to one.
struct CallerProcess {
  // Since boot, in clock ticks (proc(5), stat, field 22): with the pid it names
  // one process. Zero when it had ended before it could be looked at.
  std::uint64_t start_ticks = 0;
  std::string name;        // the kernel's short name for it
  std::string executable;  // empty where the kernel does not tell
  std::string cgroup;
};

struct Caller {
  uid_t uid = 0;
  pid_t pid = 0;      // for people and logs; it may have ended or exec'ed since
  ScopeId scope = 0;  // whose socket it came through; 0: the main one
  CallerProcess process = {};
};

}  // namespace libretto
