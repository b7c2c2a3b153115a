// The way to an agent that runs, by the rules that every client shares: the
// socket that the environment names, else the one that a running agent has
// written down. Any thread.
#pragma once

#include <chrono>

#include "base/deadline.h"
#include "base/errors.h"
#include "base/paths.h"
#include "base/unique_fd.h"

namespace libretto {

// One attempt to connect takes no longer, whatever it meets.
inline constexpr std::chrono::milliseconds kConnectLimit(1500);

// A connection to a server that runs as this process's user, for a Channel.
// Every failure but Denied() and Invalid() is IsUnreachable().
StatusOr<UniqueFd> FindAgent(const Paths& paths, Deadline deadline);

}  // namespace libretto
