// The way to the agent: the socket that the environment names, the one that a
// running agent has written down, or an agent started for the purpose. Ends
// within two seconds whatever it meets. Not thread-safe.
#pragma once

#include <string>

#include "base/errors.h"
#include "base/paths.h"
#include "client/delivery/agent_process.h"
#include "client/transport/agent_client.h"

namespace libretto {

// Every failure but Denied() is IsUnreachable().
StatusOr<AgentClient> ConnectOnly(const Paths& paths, CallerContext caller);

struct Started {
  AgentClient agent;
  bool was_running = false;
};
StatusOr<Started> ConnectOrStart(const Paths& paths, AgentEnvironment kind,
                                 CallerContext caller);

}  // namespace libretto
