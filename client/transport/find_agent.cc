#include "client/transport/find_agent.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>

#include "client/transport/agent_socket.h"
#include "client/transport/unreachable.h"

namespace libretto {
namespace {

StatusOr<UniqueFd> ConnectTo(const std::string& path, Deadline deadline) {
  StatusOr<UniqueFd> socket =
      ConnectToSocket(path, geteuid(), std::min(deadline, In(kConnectLimit)));
  if (socket.ok() || !IsNobodyListening(socket.status())) return socket;
  if (IsScopeSocket(path)) {
    return NobodyListens("the scope is gone whose socket was " + path);
  }
  return WithRemedy(socket.status(), "librettoctl agent start");
}

}  // namespace

StatusOr<UniqueFd> FindAgent(const Paths& paths, Deadline deadline) {
  StatusOr<UniqueFd> socket = ConnectTo(paths.socket, deadline);
  if (socket.ok() || !IsNobodyListening(socket.status())) return socket;
  if (paths.socket_is_explicit) return socket;
  // A shell without XDG_RUNTIME_DIR (su, cron) looks in the wrong place.
  const std::optional<std::string> other = SocketOfRunningAgent(paths);
  if (!other.has_value() || *other == paths.socket) return socket;
  return ConnectTo(*other, deadline);
}

}  // namespace libretto
