#include "agent/os/landlock.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace libretto {
namespace {

// The kernel's interface, written down here because Debian 12's headers are
// older than the kernels that it runs on.
constexpr std::uint32_t kVersionFlag = 1;
constexpr int kPathBeneath = 1;
constexpr int kNetPort = 2;

struct RulesetAttr {
  std::uint64_t handled_access_fs;
  std::uint64_t handled_access_net;
  std::uint64_t scoped;
};

struct [[gnu::packed]] PathBeneathAttr {
  std::uint64_t allowed_access;
  std::int32_t parent_fd;
};

struct NetPortAttr {
  std::uint64_t allowed_access;
  std::uint64_t port;
};

constexpr std::uint64_t kWriteFile = 1U << 1;
constexpr std::uint64_t kReadFile = 1U << 2;
constexpr std::uint64_t kReadDir = 1U << 3;
constexpr std::uint64_t kRemoveFile = 1U << 5;
constexpr std::uint64_t kMakeDir = 1U << 7;
constexpr std::uint64_t kMakeReg = 1U << 8;
constexpr std::uint64_t kMakeSock = 1U << 9;
constexpr std::uint64_t kFirstFs = (1U << 13) - 1;  // what ABI 1 knows
constexpr std::uint64_t kRefer = 1U << 13;          // ABI 2
constexpr std::uint64_t kTruncate = 1U << 14;       // ABI 3
constexpr std::uint64_t kIoctlDev = 1U << 15;       // ABI 5
constexpr std::uint64_t kExecute = 1U << 0;
// What may be said of something that is no folder.
constexpr std::uint64_t kOfFiles =
    kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDev;

constexpr std::uint64_t kBindTcp = 1U << 0;     // ABI 4
constexpr std::uint64_t kConnectTcp = 1U << 1;  // ABI 4

constexpr std::uint64_t kScopeAbstractSockets = 1U << 0;  // ABI 6
constexpr std::uint64_t kScopeSignals = 1U << 1;          // ABI 6

std::uint64_t RightsOf(Landlock::Access access) {
  constexpr std::uint64_t kMake =
      kWriteFile | kTruncate | kMakeReg | kRemoveFile;
  switch (access) {
    case Landlock::Access::kRead:
      return kReadFile;
    case Landlock::Access::kReadAll:
      return kReadFile | kReadDir;
    case Landlock::Access::kReadWrite:
      return kReadFile | kReadDir | kMake | kMakeDir | kMakeSock;
    case Landlock::Access::kAppend:
      return kMake;
    case Landlock::Access::kUseDevice:
      return kReadFile | kWriteFile;
    case Landlock::Access::kMakeSocket:
      return kReadDir | kMakeSock | kRemoveFile | kMakeDir;
  }
  return 0;
}

std::uint64_t HandledFs(int abi) {
  std::uint64_t handled = kFirstFs;
  if (abi >= 2) handled |= kRefer;
  if (abi >= 3) handled |= kTruncate;
  if (abi >= 5) handled |= kIoctlDev;
  return handled;
}

long AddRule(const UniqueFd& rules, int kind, const void* rule) {
  return syscall(SYS_landlock_add_rule, rules.get(), kind, rule, 0U);
}

}  // namespace

int Landlock::Abi() {
  const long abi =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersionFlag);
  return abi > 0 ? static_cast<int>(abi) : 0;
}

StatusOr<Landlock> Landlock::Make(
    const std::optional<std::vector<std::uint16_t>>& tcp_ports,
    bool abstract_sockets) {
  const int abi = Abi();
  RulesetAttr attr{HandledFs(abi), 0, 0};
  // A kernel takes the part of the structure that it knows.
  std::size_t size = sizeof(attr.handled_access_fs);
  if (abi >= 4) {
    size += sizeof(attr.handled_access_net);
    attr.handled_access_net = kBindTcp;
    if (tcp_ports.has_value()) attr.handled_access_net |= kConnectTcp;
  }
  if (abi >= 6) {
    size += sizeof(attr.scoped);
    attr.scoped = kScopeSignals;
    if (!abstract_sockets) attr.scoped |= kScopeAbstractSockets;
  }
  UniqueFd rules(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attr, size, 0U)));
  if (!rules.valid()) return FromErrno(errno, "cannot make Landlock rules");
  if ((attr.handled_access_net & kConnectTcp) != 0) {
    for (const std::uint16_t port : *tcp_ports) {
      const NetPortAttr rule{kConnectTcp, port};
      if (AddRule(rules, kNetPort, &rule) != 0) {
        return FromErrno(errno, "cannot allow a TCP port");
      }
    }
  }
  return Landlock(std::move(rules), attr.handled_access_fs);
}

Status Landlock::Allow(const std::string& path, Access access) {
  const UniqueFd target(open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat about {};
  if (!target.valid() || fstat(target.get(), &about) != 0) return OkStatus();
  PathBeneathAttr rule{RightsOf(access) & handled_, target.get()};
  if (!S_ISDIR(about.st_mode)) rule.allowed_access &= kOfFiles;
  if (rule.allowed_access == 0 || AddRule(rules_, kPathBeneath, &rule) == 0) {
    return OkStatus();
  }
  return FromErrno(errno, "cannot allow " + path);
}

Status Landlock::Enforce() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_landlock_restrict_self, rules_.get(), 0U) != 0) {
    return FromErrno(errno, "cannot enforce Landlock rules");
  }
  return OkStatus();
}

}  // namespace libretto
