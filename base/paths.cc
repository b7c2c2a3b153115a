#include "base/paths.h"

#include <fcntl.h>
#include <sys/file.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "base/unique_fd.h"

namespace libretto {
namespace {

std::string_view FromEnvironment(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

// XDG base directory specification: a relative path is to be ignored.
std::string XdgDirectory(const char* name, const std::string& otherwise) {
  const std::string_view value = FromEnvironment(name);
  return value.starts_with('/') ? std::string(value) : otherwise;
}

}  // namespace

StatusOr<Paths> PathsFromEnvironment() {
  Paths paths;
  paths.home = FromEnvironment("HOME");
  if (!paths.home.starts_with('/')) {
    return WithRemedy(Invalid("HOME is not set to an absolute path"),
                      "export HOME=/home/you");
  }
  paths.state_dir = paths.home + "/.libretto";
  paths.auth_file = paths.state_dir + "/auth.json";
  paths.lock_file = paths.state_dir + "/agent.lock";
  paths.config_file = XdgDirectory("XDG_CONFIG_HOME", paths.home + "/.config") +
                      "/libretto/agent.toml";
  const std::string state_home =
      XdgDirectory("XDG_STATE_HOME", paths.home + "/.local/state");
  paths.log_file = state_home + "/libretto/agent.log";
  paths.audit_log = state_home + "/libretto/audit.jsonl";
  // Not beside the log: whoever gets hold of the one need not have the other.
  paths.audit_key = paths.state_dir + "/audit.key";
  paths.audit_head = paths.state_dir + "/audit.head";
  const std::string_view explicit_socket =
      FromEnvironment("LIBRETTO_AGENT_SOCK");
  if (!explicit_socket.empty()) {
    paths.socket = explicit_socket;
    paths.socket_is_explicit = true;
  } else {
    const std::string runtime = XdgDirectory("XDG_RUNTIME_DIR", "");
    paths.socket = runtime.empty() ? paths.state_dir + "/run/agent.sock"
                                   : runtime + "/libretto/agent.sock";
  }
  return paths;
}

Status CheckSocketPath(const std::string& path) {
  if (!path.starts_with('/')) {
    return Invalid("the socket path " + path + " is relative");
  }
  if (path.size() > kMaxSocketPath) {
    return Invalid(
        "the socket path " + path + " is " + std::to_string(path.size()) +
        " bytes long; the system's limit is " + std::to_string(kMaxSocketPath));
  }
  return OkStatus();
}

bool IsScopeSocket(std::string_view path) {
  return path.ends_with(kScopeSocketSuffix);
}

std::optional<std::string> SocketOfRunningAgent(const Paths& paths) {
  const UniqueFd lock(
      open(paths.lock_file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!lock.valid()) return std::nullopt;
  // Nobody holds it: what it names is a leftover.
  if (flock(lock.get(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  std::array<char, kMaxSocketPath + 2> buffer{};
  const ssize_t count = read(lock.get(), buffer.data(), buffer.size());
  if (count <= 0) return std::nullopt;
  std::string_view line(buffer.data(), static_cast<std::size_t>(count));
  line = line.substr(0, line.find('\n'));
  if (!CheckSocketPath(std::string(line)).ok()) return std::nullopt;
  return std::string(line);
}

}  // namespace libretto
