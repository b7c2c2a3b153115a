#include "agent/os/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "agent/os/instrumented.h"
#include "agent/os/landlock.h"
#include "agent/os/syscall_filter.h"
#include "base/files.h"
#include "base/unique_fd.h"

namespace libretto {
namespace {

using Access = Landlock::Access;

constexpr int kAbiWithTcp = 4;

struct Place {
  const char* path;
  Access access;
};

// What libcurl, OpenSSL, glibc's resolver and time zones read, also later and
// after it was replaced: a rule holds on to the file that is there now, so
// resolv.conf, which is replaced whenever the network changes, needs its
// folder.
constexpr Place kSystem[] = {
    {"/etc", Access::kRead},
    {"/etc/ssl", Access::kReadAll},
    {"/run/systemd/resolve", Access::kRead},
    {"/run/resolvconf", Access::kRead},
    {"/run/NetworkManager", Access::kRead},
    {"/usr/share/ca-certificates", Access::kRead},
    {"/usr/local/share/ca-certificates", Access::kRead},
    {"/usr/share/zoneinfo", Access::kRead},
    // Libraries that are loaded when they are needed (NSS, OpenSSL).
    {"/usr/lib", Access::kReadAll},
    {"/usr/lib64", Access::kReadAll},
    {"/usr/local/lib", Access::kReadAll},
    {"/lib", Access::kReadAll},
    {"/lib64", Access::kReadAll},
    // What the kernel says of this process, of callers and of the processors.
    {"/proc", Access::kReadAll},
    {"/sys/devices/system/cpu", Access::kReadAll},
    {"/dev/null", Access::kUseDevice},
    {"/dev/urandom", Access::kRead},
};

// Where resolv.conf really lies, when it is a link to somewhere else.
std::string ResolverFolder() {
  char path[PATH_MAX] = {};
  if (realpath("/etc/resolv.conf", path) == nullptr) return "";
  const std::string folder = ParentOf(path);
  return folder == "/etc" ? "" : folder;
}

// systemd's socket may have an abstract name.
bool NotifiesAbstractSocket() {
  const char* const socket = getenv("NOTIFY_SOCKET");
  return socket != nullptr && *socket == '@';
}

Status AllowAll(Landlock& landlock, const SandboxNeeds& needs) {
  std::vector<std::pair<std::string, Access>> places;
  for (const Place& place : kSystem) {
    places.emplace_back(place.path, place.access);
  }
  places.emplace_back(ResolverFolder(), Access::kRead);
  places.emplace_back(needs.log_folder, Access::kAppend);
  for (const auto& folder : needs.folders) {
    places.emplace_back(folder, Access::kReadWrite);
  }
  for (const auto& folder : needs.socket_folders) {
    places.emplace_back(folder, Access::kMakeSocket);
  }
  for (const auto& [path, access] : places) {
    if (path.empty()) continue;
    if (Status allowed = landlock.Allow(path, access); !allowed.ok()) {
      return allowed;
    }
  }
  return OkStatus();
}

bool MayListen() {
  const UniqueFd probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return probe.valid() &&
         bind(probe.get(), reinterpret_cast<sockaddr*>(&any), sizeof(any)) == 0;
}

// Everybody may list the root folder, unless confined.
bool LandlockHolds(int abi) {
  const UniqueFd root(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return !root.valid() && errno == EACCES &&
         (abi < kAbiWithTcp || !MayListen());
}

Status ConfineFiles(const SandboxNeeds& needs, Sandbox& sandbox) {
  const int abi = Landlock::Abi();
  if (abi == 0) {
    sandbox.missing = "this kernel does not confine files (no Landlock)";
    return OkStatus();
  }
  StatusOr<Landlock> landlock =
      Landlock::Make(needs.tcp_ports, NotifiesAbstractSocket());
  if (!landlock.ok()) return landlock.status();
  if (Status allowed = AllowAll(*landlock, needs); !allowed.ok()) {
    return allowed;
  }
  if (Status enforced = landlock->Enforce(); !enforced.ok()) return enforced;
  if (!LandlockHolds(abi)) return Internal("the Landlock rules do not hold");
  sandbox.landlock_abi = abi;
  sandbox.tcp_ports_bound = needs.tcp_ports.has_value() && abi >= kAbiWithTcp;
  if (abi < kAbiWithTcp) {
    sandbox.missing = "this kernel does not confine TCP (Landlock ABI " +
                      std::to_string(abi) + ")";
  }
  return OkStatus();
}

}  // namespace

StatusOr<Sandbox> EnterSandbox(const SandboxNeeds& needs) {
  Sandbox sandbox;
  if (kInstrumented) {
    sandbox.missing = "this build is instrumented and confines nothing";
    return sandbox;
  }
  // Files first: afterwards Landlock's own calls are refused.
  if (Status files = ConfineFiles(needs, sandbox); !files.ok()) return files;
  const StatusOr<Confined> filtered = FilterSystemCalls();
  if (!filtered.ok()) return filtered.status();
  sandbox.system_calls_filtered = *filtered == Confined::kYes;
  if (!sandbox.system_calls_filtered) {
    if (!sandbox.missing.empty()) sandbox.missing += "; ";
    sandbox.missing += "this kernel does not filter system calls (no seccomp)";
  }
  return sandbox;
}

}  // namespace libretto
