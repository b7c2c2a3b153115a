// The values that `run` and `env` hand over, from the agent. Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/credential_name.h"
#include "base/errors.h"
#include "client/delivery/child.h"
#include "client/delivery/env_file.h"
#include "client/transport/agent_client.h"

namespace libretto {

// Every name that has a variable of its own; the others are named on standard
// error.
StatusOr<std::vector<CredentialName>> EveryName(AgentClient& agent);

// All in one round trip; the first failure tells, with its credential's name.
// With `allow_missing` a credential that does not exist is left out, and named
// on standard error. If some are stale, one line there says how old.
StatusOr<std::vector<Delivered>> FetchAll(
    AgentClient& agent, const std::vector<Reference>& references,
    bool allow_missing, const Freshness& wanted);

struct ForCommand {
  std::vector<Delivered> credentials;
  // Of a scope for these names that ends with this process; empty where none
  // was wanted, and where the socket that we came through is a scope's itself.
  std::string socket;
  bool use_only = false;  // what the command prints must not show them
};

// As FetchAll(), in the same one round trip.
StatusOr<ForCommand> FetchForCommand(AgentClient& agent,
                                     const std::vector<Reference>& references,
                                     bool allow_missing,
                                     const Freshness& wanted, bool with_scope);

}  // namespace libretto
