// AgentConnection: the agent that this process's environment leads to, asked on
// its behalf, with a way to hang up. And the names that it is asked for.
//
// Not thread-safe, but for Interrupt().
#pragma once

#include <string>
#include <vector>

#include "base/errors.h"
#include "base/unique_fd.h"
#include "client/transport/agent_client.h"

namespace libretto {

class AgentConnection {
 public:
  static StatusOr<AgentConnection> Open();

  AgentClient& agent() { return agent_; }

  // Hangs up: what runs ends as IsUnreachable(), and so does every later call.
  // From any thread, for as long as this object stays where it is.
  void Interrupt() const;

 private:
  AgentConnection(AgentClient agent, UniqueFd socket);

  AgentClient agent_;
  // Another descriptor of its connection, so that a thread that interrupts does
  // not depend on who has that one.
  UniqueFd socket_;
};

// As workflows fold what they declare (contract 1.5): trimmed, in lower case,
// without empty ones and doubles, order kept.
std::vector<std::string> FoldedNames(const std::vector<std::string>& declared);

}  // namespace libretto
