// The system calls that the agent may make, as a seccomp filter: what its
// libraries need and nothing else. No other program is started, no process
// traced, signalled or made, no namespace entered, no memory both written and
// executed. A refused call fails with EPERM. It cannot be undone.
//
// Before the first thread.
#pragma once

#include "base/errors.h"

namespace libretto {

enum class Confined {
  kYes,
  kUnsupported,  // by this kernel, or by what this process runs in
};

// Asks the kernel afterwards whether the filter holds.
StatusOr<Confined> FilterSystemCalls();

}  // namespace libretto
