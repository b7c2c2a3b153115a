// Who is on the other end of a connection, as the kernel said when it was
// accepted, and through which socket. Immutable after construction.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace libretto {

// Which scope; never used twice while the agent runs. 0: none.
using ScopeId = std::uint64_t;

struct Caller {
  uid_t uid = 0;
  pid_t pid = 0;      // for people and logs; it may have ended or exec'ed since
  ScopeId scope = 0;  // whose socket it came through; 0: the main one
};

}  // namespace libretto
