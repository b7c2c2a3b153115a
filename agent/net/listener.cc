#include "agent/net/listener.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "agent/net/caller_process.h"
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
constexpr milliseconds kPartialPrefaceWait{20};
// What a connection gets before it may have to make room: for its preface, and
// for its first call.
constexpr milliseconds kPrefacePatience{50};
constexpr milliseconds kCallPatience{200};
// Descriptors that connections leave to everything else.
constexpr std::size_t kReservedDescriptors = 64;
// RFC 9113, 3.4.
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::uint64_t CookieOf(int fd) {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof(cookie);
  if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) != 0) return 0;
  return cookie;
}

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

struct Listener::Waiting {
  Waiting(asio::io_context& context, UniqueFd fd, Caller who)
      : descriptor(context, fd.Release()),
        timer(context),
        caller(std::move(who)) {}

  asio::posix::stream_descriptor descriptor;
  asio::steady_timer timer;
  Caller caller;
  const std::chrono::steady_clock::time_point begun =
      std::chrono::steady_clock::now();
};

StatusOr<std::unique_ptr<Listener>> Listener::Open(asio::io_context& context,
                                                   SocketConfig config,
                                                   Handoff handoff,
                                                   Refused refused) {
  if (Status valid = CheckSocketPath(config.path); !valid.ok()) return valid;
  StatusOr<UniqueFd> directory = OpenDirectory(config.path);
  if (!directory.ok()) return directory.status();
  Status clear = ClearTheWay(directory->get(), config.path);
  if (!clear.ok()) return clear;
  StatusOr<UniqueFd> listening =
      Bind(directory->get(), config.path, config.guest_uid.has_value());
  if (!listening.ok()) return listening.status();
  std::unique_ptr<Listener> listener(new Listener(
      context, std::move(config), *std::move(directory), *std::move(listening),
      std::move(handoff), std::move(refused)));
  listener->WaitForConnection();
  return listener;
}

StatusOr<std::unique_ptr<Listener>> Listener::TakeOver(
    asio::io_context& context, SocketConfig config, UniqueFd listening,
    Handoff handoff, Refused refused) {
  if (Status valid = CheckSocketPath(config.path); !valid.ok()) return valid;
  StatusOr<UniqueFd> directory = OpenDirectory(config.path);
  if (!directory.ok()) return directory.status();
  std::unique_ptr<Listener> listener(
      new Listener(context, std::move(config), UniqueFd(), std::move(listening),
                   std::move(handoff), std::move(refused)));
  listener->WaitForConnection();
  return listener;
}

Listener::Listener(asio::io_context& context, SocketConfig config,
                   UniqueFd directory, UniqueFd socket, Handoff handoff,
                   Refused refused)
    : context_(context),
      config_(std::move(config)),
      directory_(std::move(directory)),
      socket_(context, socket.Release()),
      pause_(context),
      handoff_(std::move(handoff)),
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
  waiting_.clear();
}

std::size_t Listener::connections() {
  std::erase_if(adopted_, [](const Adopted& connection) {
    return CookieOf(connection.fd) != connection.cookie;
  });
  return adopted_.size() + waiting_.size();
}

void Listener::HangUp() {
  for (const Adopted& connection : adopted_) {
    if (CookieOf(connection.fd) != connection.cookie) continue;
    shutdown(connection.fd, SHUT_RDWR);
  }
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
    if (connections() >= limit_ && !MakeRoom()) return Pause(kFullPause);
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

// Ends the oldest connection that does nothing, when somebody waits for its
// place.
bool Listener::MakeRoom() {
  if (!IsReadable(socket_.native_handle())) return false;
  const auto now = std::chrono::steady_clock::now();
  if (!waiting_.empty() &&
      now >= waiting_.begin()->second->begun + kPrefacePatience) {
    waiting_.erase(waiting_.begin());
    return true;
  }
  const auto idle = std::find_if(
      adopted_.begin(), adopted_.end(), [this, now](const Adopted& connection) {
        return now >= connection.since + kCallPatience &&
               end_idle_(connection.fd);
      });
  if (idle == adopted_.end()) return false;
  adopted_.erase(idle);
  return true;
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
  Caller caller{peer.uid, peer.pid, config_.scope, {}};
  if (caller.uid != geteuid() && caller.uid != config_.guest_uid) {
    caller.process =
        ProcessBehind(connection.get(), peer.pid, config_.executable_of);
    return refused_(caller);
  }
  if (!config_.speaks_http2) {
    return HandOver(std::move(connection), std::move(caller));
  }
  const std::uint64_t id = ++waiting_ids_;
  auto& waiting = waiting_[id];
  waiting = std::make_unique<Waiting>(context_, std::move(connection),
                                      std::move(caller));
  CheckPreface(id);
}

void Listener::AwaitPreface(std::uint64_t id) {
  Waiting& waiting = *waiting_.at(id);
  waiting.timer.expires_at(waiting.begun + config_.preface_timeout);
  waiting.timer.async_wait([this, id](const asio::error_code& error) {
    if (!error) waiting_.erase(id);
  });
  waiting.descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                [this, id](const asio::error_code& error) {
                                  if (!error) CheckPreface(id);
                                });
}

void Listener::CheckPreface(std::uint64_t id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  Waiting& waiting = *found->second;
  std::array<char, kPreface.size()> bytes{};
  const ssize_t count = recv(waiting.descriptor.native_handle(), bytes.data(),
                             bytes.size(), MSG_PEEK);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
    return AwaitPreface(id);
  }
  if (count <= 0 ||
      !kPreface.starts_with(
          std::string_view(bytes.data(), static_cast<std::size_t>(count))) ||
      std::chrono::steady_clock::now() >=
          waiting.begun + config_.preface_timeout) {
    waiting_.erase(found);
    return;
  }
  if (static_cast<std::size_t>(count) < kPreface.size()) {
    // What has been peeked at stays readable, so there is no edge to wait for.
    waiting.timer.expires_after(kPartialPrefaceWait);
    waiting.timer.async_wait([this, id](const asio::error_code& error) {
      if (!error) CheckPreface(id);
    });
    return;
  }
  UniqueFd connection(waiting.descriptor.release());
  Caller caller = std::move(waiting.caller);
  waiting_.erase(found);
  HandOver(std::move(connection), std::move(caller));
}

// Who calls is looked up for those alone who say something: the look costs more
// than all the rest, and connections that come and go would hold up the others.
void Listener::HandOver(UniqueFd connection, Caller caller) {
  caller.process =
      ProcessBehind(connection.get(), caller.pid, config_.executable_of);
  adopted_.push_back({connection.get(), CookieOf(connection.get()),
                      std::chrono::steady_clock::now()});
  handoff_(std::move(connection), std::move(caller));
}

}  // namespace libretto
