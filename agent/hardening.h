// What the agent does to itself between reading its settings and its first
// thread: keys into their page, the process into its sandbox.
#pragma once

#include "agent/os/config.h"
#include "agent/os/executable_reader.h"
#include "agent/rpc/agent_service.h"
#include "base/errors.h"
#include "base/paths.h"

namespace libretto {

struct Hardened {
  Hardening facts;
  ExecutableReader executables;
};

// Fails when something should hold and does not; what the kernel cannot do is
// logged and in the result. Before the first secret: forks.
StatusOr<Hardened> HardenAgent(const Config& config, const Paths& paths);

}  // namespace libretto
