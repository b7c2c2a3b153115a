// The agent's settings: $XDG_CONFIG_HOME/libretto/agent.toml, over which flags
// win. docs/agent.md lists every key. Immutable after construction.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"

namespace libretto {

struct Config {
  std::string socket;              // empty: base/paths.h decides
  std::string log_file;            // empty: standard error
  std::string ca_file;             // empty: the system's CAs
  std::string proxy;               // empty: none
  std::string log_level = "info";  // trace debug info warn error off
  std::size_t max_connections = 256;
  std::chrono::seconds idle_timeout{30};         // of a connection
  std::chrono::seconds sync_interval{30};        // while there are callers
  std::chrono::seconds idle_sync_interval{300};  // while there are none
  std::size_t audit_file_bytes = std::size_t{4} << 20;  // when it is rotated
  std::chrono::seconds max_offline{86'400};  // how long an unconfirmed value
                                             // is served
  std::size_t cache_max_mib = 64;            // of sealed values
  std::size_t cache_max_values = 50'000;
  std::string metrics_socket;         // empty: none
  std::chrono::seconds idle_lock{0};  // locks when no caller has needed a
                                      // session for so long; 0: never
  // TCP ports that the agent may connect to; nothing: all.
  std::optional<std::vector<std::uint16_t>> cloud_ports;
  // Whether keys lie where even root does not read them, at the price of the
  // machine's hibernation.
  bool secret_memory = true;
};

// What the text of a file says, over `defaults`. Invalid() names the line and
// the key; an unknown key is an error, because a misspelt one would be a
// setting that silently does nothing.
StatusOr<Config> ParseConfig(std::string_view text, Config defaults = {});

// The defaults when there is no such file.
StatusOr<Config> LoadConfig(const std::string& path);

Status CheckLogLevel(std::string_view level);

// "90s", "30m", "8h" or a number of seconds; Invalid() says the rule.
StatusOr<std::chrono::seconds> ParseDuration(std::string_view text);

}  // namespace libretto
