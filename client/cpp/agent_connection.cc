#include "client/cpp/agent_connection.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/deadline.h"
#include "base/paths.h"
#include "client/delivery/dotenv.h"
#include "client/delivery/trimmed_variable.h"
#include "client/transport/find_agent.h"

namespace libretto {
namespace {

char LowerCase(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

StatusOr<AgentConnection> AgentConnection::Open() {
  const StatusOr<Paths> paths = PathsFromEnvironment();
  if (!paths.ok()) return paths.status();
  const Deadline deadline = In(kConnectLimit);
  StatusOr<UniqueFd> socket = FindAgent(*paths, deadline);
  if (!socket.ok()) return socket.status();
  UniqueFd same(fcntl(socket->get(), F_DUPFD_CLOEXEC, 0));
  if (!same.valid()) return FromErrno(errno, "cannot copy a descriptor");
  CallerContext caller;
  caller.profile = TrimmedVariable("LIBRETTO_PROFILE");
  caller.api_url = TrimmedVariable("LIBRETTO_API_URL");
  caller.api_key = SecretBytes::CopyOf(TrimmedVariable("LIBRETTO_API_KEY"));
  return AgentConnection(
      AgentClient(Channel(*std::move(socket), deadline), std::move(caller)),
      std::move(same));
}

AgentConnection::AgentConnection(AgentClient agent, UniqueFd socket)
    : agent_(std::move(agent)), socket_(std::move(socket)) {}

void AgentConnection::Interrupt() const { shutdown(socket_.get(), SHUT_RDWR); }

std::vector<std::string> FoldedNames(const std::vector<std::string>& declared) {
  std::vector<std::string> names;
  for (const std::string_view text : declared) {
    std::string name(TrimLikeJavaScript(text));
    std::transform(name.begin(), name.end(), name.begin(), LowerCase);
    if (name.empty()) continue;
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace libretto
