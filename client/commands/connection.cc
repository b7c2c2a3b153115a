#include "client/commands/connection.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "base/deadline.h"
#include "client/commands/pause.h"
#include "client/transport/channel.h"
#include "client/transport/find_agent.h"
#include "client/transport/unreachable.h"

namespace libretto {
namespace {

using std::chrono::milliseconds;

#ifdef LIBRETTO_SANITIZED
// Under a sanitizer an agent starts several times as slowly.
constexpr milliseconds kStartLimit(9500);
#else
// A little less than the two seconds in which a command has to say why.
constexpr milliseconds kStartLimit(1900);
#endif
constexpr milliseconds kBetweenLooks(20);

StatusOr<Channel> ConnectBy(const Paths& paths, Deadline deadline) {
  StatusOr<UniqueFd> socket = FindAgent(paths, deadline);
  if (!socket.ok()) return socket.status();
  return Channel(*std::move(socket), std::min(deadline, In(kConnectLimit)));
}

// Whether somebody else's start has won over ours and is not ready yet.
bool AnotherIsStarting(const Paths& paths) {
  if (!IsAgentAlive(paths)) return false;
  if (!paths.socket_is_explicit) return true;
  const std::optional<std::string> named = SocketOfRunningAgent(paths);
  return !named.has_value() || *named == paths.socket;
}

// The socket of the user's agent, when it is not the one that was asked for.
std::optional<std::string> RunningElsewhere(const Paths& paths) {
  if (!paths.socket_is_explicit || !IsAgentAlive(paths)) return std::nullopt;
  std::optional<std::string> named = SocketOfRunningAgent(paths);
  if (!named.has_value() || *named == paths.socket) return std::nullopt;
  return named;
}

}  // namespace

StatusOr<AgentClient> ConnectOnly(const Paths& paths, CallerContext caller) {
  StatusOr<Channel> agent = ConnectBy(paths, In(kConnectLimit));
  if (!agent.ok()) return agent.status();
  return AgentClient(*std::move(agent), std::move(caller));
}

StatusOr<Started> ConnectOrStart(const Paths& paths, AgentEnvironment kind,
                                 CallerContext caller) {
  const Deadline deadline = In(kStartLimit);
  StatusOr<Channel> agent = ConnectBy(paths, deadline);
  if (agent.ok()) {
    return Started{AgentClient(*std::move(agent), std::move(caller)),
                   /*was_running=*/true};
  }
  if (!IsNobodyListening(agent.status())) return agent.status();
  // An agent there would reach everything.
  if (IsScopeSocket(paths.socket)) return agent.status();

  if (const auto elsewhere = RunningElsewhere(paths)) {
    return WithRemedy(
        Unreachable("no agent listens at " + paths.socket +
                    ", which LIBRETTO_AGENT_SOCK names; one runs at " +
                    *elsewhere),
        "unset LIBRETTO_AGENT_SOCK");
  }

  const Status started = StartAgent(paths, kind, deadline);
  for (;;) {
    agent = ConnectBy(paths, deadline);
    if (agent.ok()) {
      return Started{AgentClient(*std::move(agent), std::move(caller)),
                     !started.ok()};
    }
    if (started.ok() || !AnotherIsStarting(paths)) break;
    if (Remaining(deadline).count() == 0) break;
    Pause(kBetweenLooks);
  }
  if (started.ok()) return agent.status();
  Status failed = Unreachable("cannot start the agent: " + Message(started));
  const std::string remedy = Remedy(started);
  return remedy.empty() ? failed : WithRemedy(std::move(failed), remedy);
}

}  // namespace libretto
