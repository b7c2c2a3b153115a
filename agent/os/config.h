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
  std::string log_level = "info";  // trace debug info warn error off
  std::size_t max_connections = 256;
  std::chrono::seconds idle_timeout{30};     // of a connection
  std::chrono::seconds sync_interval{30};    // while there are callers
  std::chrono::seconds max_offline{86'400};  // how long an unconfirmed value
                                             // is served
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

}  // namespace libretto
