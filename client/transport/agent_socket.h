// The connection to the agent's socket, made only with a server that runs as
// the expected user: nothing is sent before the kernel has said so. Any thread.
//
// Inside a container the user of the host that serves a socket is another one,
// or nobody at all. There the socket's file is a mount of its own, which only
// root of the container can have put in its place, and that is good as well.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/deadline.h"
#include "base/errors.h"
#include "base/unique_fd.h"

namespace libretto {

// NobodyListens() when there is no socket or no listener, Denied() when the
// server belongs to somebody else, Unreachable() otherwise.
StatusOr<UniqueFd> ConnectToSocket(const std::string& path, uid_t expected_uid,
                                   Deadline deadline);

}  // namespace libretto
