// Where things lie on a developer's machine; the agent and the commands must
// agree on it. Nothing here touches the disk but SocketOfRunningAgent(). Any
// thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/errors.h"

namespace libretto {

// A path longer than this does not fit into sockaddr_un.
inline constexpr std::size_t kMaxSocketPath = 107;

struct Paths {
  std::string home;         // $HOME
  std::string state_dir;    // ~/.libretto: session, lock file, key journal
  std::string auth_file;    // ~/.libretto/auth.json (contract 1.3)
  std::string lock_file;    // ~/.libretto/agent.lock, names the socket
  std::string config_file;  // $XDG_CONFIG_HOME/libretto/agent.toml
  std::string log_file;     // $XDG_STATE_HOME/libretto/agent.log
  std::string audit_log;    // $XDG_STATE_HOME/libretto/audit.jsonl
  std::string audit_key;    // ~/.libretto/audit.key
  std::string audit_head;   // ~/.libretto/audit.head
  std::string socket;       // $LIBRETTO_AGENT_SOCK, else
                            // $XDG_RUNTIME_DIR/libretto/agent.sock, else
                            // ~/.libretto/run/agent.sock
  bool socket_is_explicit = false;  // it came from $LIBRETTO_AGENT_SOCK
};

// From the environment. Invalid() when HOME is not an absolute path. The
// socket's path is taken as it is: CheckSocketPath() has the rule.
StatusOr<Paths> PathsFromEnvironment();

// Invalid() for a relative path or one that does not fit into sockaddr_un.
Status CheckSocketPath(const std::string& path);

// How the sockets end that an agent makes for its scopes. No agent is ever
// started at such a path: it would reach everything where the scope did not.
inline constexpr std::string_view kScopeSocketSuffix = ".scope";
bool IsScopeSocket(std::string_view path);

// The socket that a running agent has written into its lock file, for shells
// whose environment leads elsewhere (su, cron). Nothing when no agent holds
// the lock.
std::optional<std::string> SocketOfRunningAgent(const Paths& paths);

}  // namespace libretto
