// What became of a child, done to this process too: so that who waits for us
// learns of us what it would have learned of the child. Not thread-safe.
#pragma once

namespace libretto {

// Ends as `wait_status` (of waitpid()) says a child did: by its exit code, or
// by the same signal, without a core of our own.
[[noreturn]] void EndLike(int wait_status);

// Stops by `signal`, as a child did, and returns when somebody has had this
// process continued.
void StopLike(int signal);

}  // namespace libretto
