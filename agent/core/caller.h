// Who is on the other end of a connection, as the kernel said when it was
// accepted. Immutable after construction.
#pragma once

#include <sys/types.h>

namespace libretto {

struct Caller {
  uid_t uid = 0;
  pid_t pid = 0;  // for people and logs; it may have ended or exec'ed since
};

}  // namespace libretto
