#include "agent/net/scope_listeners.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/net/readable.h"
#include "base/files.h"
#include "base/paths.h"

namespace libretto {
namespace {

std::string FolderBeside(const std::string& socket) {
  return ParentOf(socket) + "/scopes";
}

StatusOr<std::string> RandomName() {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::array<unsigned char, 8> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) !=
      static_cast<ssize_t>(bytes.size())) {
    return FromErrno(errno, "cannot make a random name");
  }
  std::string name;
  for (const unsigned char byte : bytes) {
    name += kHex[byte >> 4];
    name += kHex[byte & 15];
  }
  return name;
}

bool IsDead(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  const UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(probe.get(), reinterpret_cast<const sockaddr*>(&address),
                 sizeof(address)) != 0 &&
         errno == ECONNREFUSED;
}

}  // namespace

ScopeListeners::ScopeListeners(Loop& loop, const std::string& main_socket,
                               ConnectionHost& host, Listener::Refused refused,
                               std::function<void(ScopeId)> process_ended)
    : loop_(loop),
      folder_(FolderBeside(main_socket)),
      host_(host),
      refused_(std::move(refused)),
      process_ended_(std::move(process_ended)) {}

ScopeListeners::~ScopeListeners() = default;

StatusOr<std::string> ScopeListeners::Open(ScopeId id,
                                           std::optional<uid_t> guest_uid,
                                           pid_t until_ends) {
  const StatusOr<std::string> name = RandomName();
  if (!name.ok()) return name.status();
  SocketConfig config;
  config.path = folder_ + "/" + *name + std::string(kScopeSocketSuffix);
  config.max_connections = kMaxConnections;
  config.scope = id;
  config.guest_uid = guest_uid;
  Served served;
  if (until_ends != 0) {
    Status watched = WatchProcess(id, until_ends, served);
    if (!watched.ok()) return watched;
  }
  StatusOr<std::unique_ptr<Listener>> listener =
      Listener::Open(loop_.context(), config, host_, refused_);
  if (!listener.ok()) return listener.status();
  served.listener = *std::move(listener);
  served_.insert_or_assign(id, std::move(served));
  return config.path;
}

// By the process's number: it waits for our answer, so it lives. Were it killed
// and its number another's already, nobody would know the path of the socket.
Status ScopeListeners::WatchProcess(ScopeId id, pid_t process, Served& served) {
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
  if (fd < 0) {
    return FromErrno(errno, "cannot watch process " + std::to_string(process));
  }
  served.process =
      std::make_unique<asio::posix::stream_descriptor>(loop_.context(), fd);
  AwaitEnd(id, *served.process);
  return OkStatus();
}

void ScopeListeners::AwaitEnd(ScopeId id,
                              asio::posix::stream_descriptor& process) {
  process.async_wait(asio::posix::stream_descriptor::wait_read,
                     [this, id, &process](const asio::error_code& error) {
                       if (error) return;
                       if (!IsReadable(process.native_handle())) {
                         return AwaitEnd(id, process);
                       }
                       loop_.Post([this, id] { process_ended_(id); });
                     });
}

void ScopeListeners::Close(ScopeId id) {
  Served& served = served_.at(id);
  served.process.reset();
  served.listener->Close();
}

void ScopeListeners::HangUp(ScopeId id) {
  served_.erase(id);
  host_.HangUp(id);
}

std::size_t ScopeListeners::Connections(ScopeId id) const {
  return host_.Connections(id);
}

void ScopeListeners::Sweep() const {
  DIR* const folder = opendir(folder_.c_str());
  if (folder == nullptr) return;
  while (const dirent* const entry = readdir(folder)) {
    const std::string path = folder_ + "/" + entry->d_name;
    if (IsScopeSocket(path) && IsDead(path)) unlink(path.c_str());
  }
  closedir(folder);
}

}  // namespace libretto
