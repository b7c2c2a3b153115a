#include "agent/net/listener.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/net/readable.h"
#include "base/files.h"
#include "base/paths.h"

namespace libretto {
namespace {

using std::chrono::milliseconds;

// However many connect, everything else on the loop has its turn.
constexpr int kAcceptsAtOnce = 32;
constexpr milliseconds kFullPause{50};       // at the limit on connections
constexpr milliseconds kExhaustedPause{10};  // out of descriptors
// Descriptors that connections leave to everything else.
constexpr std::size_t kReservedDescriptors = 64;

// How many connections there may be under the limit on descriptors.
std::size_t FittingConnections(std::size_t wanted) {
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return wanted;
  const std::size_t all = descriptors.rlim_cur;
  return std::clamp<std::size_t>(
      all > kReservedDescriptors ? all - kReservedDescriptors : 0, 1, wanted);
}

// The directory is opened once and everything happens below that descriptor: a
// path that is swapped meanwhile leads nowhere else.
sockaddr_un AddressBelow(int directory, const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path =
      "/proc/self/fd/" + std::to_string(directory) + "/" + name;
  std::memcpy(address.sun_path, path.data(),
              std::min(path.size(), sizeof(address.sun_path) - 1));
  return address;
}

std::string FileName(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

bool SomebodyListens(const sockaddr_un& address) {
  const UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(probe.get(), reinterpret_cast<const sockaddr*>(&address),
                 sizeof(address)) == 0;
}

// Removes a socket that nobody listens on.
Status ClearTheWay(int directory, const std::string& path) {
  const std::string name = FileName(path);
  struct stat about {};
  if (fstatat(directory, name.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? OkStatus()
                           : FromErrno(errno, "cannot look at " + path);
  }
  if (!S_ISSOCK(about.st_mode)) {
    return WithRemedy(Denied(path + " is there already and is not a socket"),
                      "rm " + path);
  }
  if (SomebodyListens(AddressBelow(directory, name))) {
    return Conflict("another process listens on " + path);
  }
  if (unlinkat(directory, name.c_str(), 0) != 0) {
    return FromErrno(errno, "cannot remove the stale socket " + path);
  }
  return OkStatus();
}

StatusOr<UniqueFd> OpenDirectory(const std::string& socket_path) {
  const std::string path = socket_path.substr(
      0, std::max<std::size_t>(socket_path.find_last_of('/'), 1));
  if (Status ensured = EnsurePrivateDirectory(path); !ensured.ok()) {
    return ensured;
  }
  UniqueFd directory(
      open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat about {};
  if (!directory.valid() || fstat(directory.get(), &about) != 0) {
    return FromErrno(errno, "cannot open " + path);
  }
  // Once more, on what has been opened: it may not be what was checked.
  if (about.st_uid != geteuid() || (about.st_mode & 022) != 0) {
    return Denied(path + " is not yours alone");
  }
  return directory;
}

StatusOr<UniqueFd> Bind(int directory, const std::string& path, bool guests) {
  UniqueFd listening(
      socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listening.valid()) return FromErrno(errno, "cannot make a socket");
  const sockaddr_un address = AddressBelow(directory, FileName(path));
  // 0600 from the start. The mask is the process's: what other threads make
  // meanwhile has a mode of its own.
  const mode_t mask = umask(guests ? 0111 : 0177);
  const int bound =
      bind(listening.get(), reinterpret_cast<const sockaddr*>(&address),
           sizeof(address));
  const int error = errno;
  umask(mask);
  if (bound != 0) return FromErrno(error, "cannot bind " + path);
  if (listen(listening.get(), SOMAXCONN) != 0) {
    return FromErrno(errno, "cannot listen on " + path);
  }
  return listening;
}

}  // namespace

StatusOr<std::unique_ptr<Listener>> Listener::Open(asio::io_context& context,
                                                   SocketConfig config,
                                                   ConnectionHost& host,
                                                   Refused refused) {
  if (Status valid = CheckSocketPath(config.path); !valid.ok()) return valid;
  StatusOr<UniqueFd> directory = OpenDirectory(config.path);
  if (!directory.ok()) return directory.status();
  Status clear = ClearTheWay(directory->get(), config.path);
  if (!clear.ok()) return clear;
  StatusOr<UniqueFd> listening =
      Bind(directory->get(), config.path, config.guest_uid.has_value());
  if (!listening.ok()) return listening.status();
  std::unique_ptr<Listener> listener(
      new Listener(context, std::move(config), *std::move(directory),
                   *std::move(listening), host, std::move(refused)));
  listener->WaitForConnection();
  return listener;
}

StatusOr<std::unique_ptr<Listener>> Listener::TakeOver(
    asio::io_context& context, SocketConfig config, UniqueFd listening,
    ConnectionHost& host, Refused refused) {
  if (Status valid = CheckSocketPath(config.path); !valid.ok()) return valid;
  StatusOr<UniqueFd> directory = OpenDirectory(config.path);
  if (!directory.ok()) return directory.status();
  std::unique_ptr<Listener> listener(
      new Listener(context, std::move(config), UniqueFd(), std::move(listening),
                   host, std::move(refused)));
  listener->WaitForConnection();
  return listener;
}

Listener::Listener(asio::io_context& context, SocketConfig config,
                   UniqueFd directory, UniqueFd socket, ConnectionHost& host,
                   Refused refused)
    : config_(std::move(config)),
      directory_(std::move(directory)),
      socket_(context, socket.Release()),
      pause_(context),
      host_(host),
      refused_(std::move(refused)),
      limit_(FittingConnections(config_.max_connections)) {
  struct stat about {};
  const std::string name = FileName(config_.path);
  // Without the folder there is nothing that is ours to remove.
  if (directory_.valid() &&
      fstatat(directory_.get(), name.c_str(), &about, 0) == 0) {
    inode_ = about.st_ino;
  }
}

Listener::~Listener() { Close(); }

void Listener::Close() {
  if (!socket_.is_open()) return;
  struct stat about {};
  const std::string name = FileName(config_.path);
  if (inode_ != 0 &&
      fstatat(directory_.get(), name.c_str(), &about, AT_SYMLINK_NOFOLLOW) ==
          0 &&
      about.st_ino == inode_) {
    unlinkat(directory_.get(), name.c_str(), 0);
  }
  socket_.close();
  pause_.cancel();
}

void Listener::WaitForConnection() {
  socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [this](const asio::error_code& error) {
                       if (!error) AcceptAll();
                     });
}

void Listener::AcceptAll() {
  // A pause that was over could not be cancelled by Close() any more.
  if (!socket_.is_open()) return;
  for (int turn = 0; turn < kAcceptsAtOnce; ++turn) {
    if (IsFull()) return Pause(kFullPause);
    UniqueFd connection(accept4(socket_.native_handle(), nullptr, nullptr,
                                SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (connection.valid()) {
      Admit(std::move(connection));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
               errno == ENOMEM) {
      return Pause(kExhaustedPause);
    } else if (errno != EINTR && errno != ECONNABORTED) {
      break;
    }
  }
  WaitForConnection();
}

// Nobody has to go before somebody waits.
bool Listener::IsFull() {
  return host_.Connections(config_.scope) >= limit_ &&
         (!IsReadable(socket_.native_handle()) ||
          !host_.MakeRoom(config_.scope));
}

void Listener::Pause(milliseconds wait) {
  pause_.expires_after(wait);
  pause_.async_wait([this](const asio::error_code& error) {
    if (!error) AcceptAll();
  });
}

void Listener::Admit(UniqueFd connection) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) !=
      0) {
    return;
  }
  const Caller caller{peer.uid, peer.pid, config_.scope, {}};
  if (caller.uid != geteuid() && caller.uid != config_.guest_uid) {
    return refused_(connection.get(), caller);
  }
  host_.Adopt(std::move(connection), caller);
}

}  // namespace libretto
