#include "client/transport/agent_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/paths.h"
#include "client/transport/unreachable.h"

namespace libretto {
namespace {

// connect() on a Unix socket waits while the server's backlog is full, for as
// long as the socket's send time-out says.
Status LimitConnect(int fd, Deadline deadline) {
  // Zero would mean "for ever".
  const auto left = std::max(Remaining(deadline), std::chrono::milliseconds(1));
  timeval limit{};
  limit.tv_sec = left.count() / 1000;
  limit.tv_usec = static_cast<suseconds_t>(left.count() % 1000) * 1000;
  if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0) {
    return FromErrno(errno, "cannot limit the time to connect");
  }
  return OkStatus();
}

Status ConnectError(int error_number, const std::string& path) {
  const std::string message =
      Message(FromErrno(error_number, "cannot connect to " + path));
  switch (error_number) {
    case ENOENT:
    case ECONNREFUSED:
      return NobodyListens("no agent listens at " + path);
    case EAGAIN:
      return Unreachable("the agent at " + path + " accepts no connections");
    default:
      return Unreachable(message);
  }
}

Status CheckServer(int fd, uid_t expected_uid, const std::string& path) {
  ucred server{};
  socklen_t size = sizeof(server);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &server, &size) != 0) {
    return Unreachable(
        Message(FromErrno(errno, "cannot tell who serves " + path)));
  }
  if (server.uid != expected_uid) {
    return Denied("the server at " + path + " runs as uid " +
                  std::to_string(server.uid) + ", not as you (uid " +
                  std::to_string(expected_uid) + "); nothing was sent to it");
  }
  return OkStatus();
}

StatusOr<UniqueFd> Connect(const std::string& path, Deadline deadline) {
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return FromErrno(errno, "cannot make a socket");
  Status limited = LimitConnect(fd.get(), deadline);
  if (!limited.ok()) return limited;

  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  while (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                 sizeof(address)) != 0) {
    if (errno != EINTR) return ConnectError(errno, path);
  }
  return fd;
}

// A descriptor of the socket's file where that is a mount of its own.
UniqueFd OpenMounted(const std::string& path) {
  UniqueFd file(open(path.c_str(), O_PATH | O_CLOEXEC));
  struct statx about {};
  const bool known = file.valid() && statx(file.get(), "", AT_EMPTY_PATH,
                                           STATX_TYPE, &about) == 0;
  const bool mounted = known &&
                       (about.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0 &&
                       S_ISSOCK(about.stx_mode);
  return mounted ? std::move(file) : UniqueFd();
}

}  // namespace

StatusOr<UniqueFd> ConnectToSocket(const std::string& path, uid_t expected_uid,
                                   Deadline deadline) {
  Status fits = CheckSocketPath(path);
  if (!fits.ok()) return fits;
  StatusOr<UniqueFd> fd = Connect(path, deadline);
  if (!fd.ok()) return fd;
  Status ours = CheckServer(fd->get(), expected_uid, path);
  if (ours.ok()) return fd;
  if (ours.code() != StatusCode::kPermissionDenied) return ours;
  const UniqueFd mounted = OpenMounted(path);
  if (!mounted.valid()) return ours;
  // Anew, to the very file that was looked at.
  return Connect("/proc/self/fd/" + std::to_string(mounted.get()), deadline);
}

}  // namespace libretto
