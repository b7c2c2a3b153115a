#include "agent/os/config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <functional>
#include <utility>

#include <toml++/toml.h>

#include "base/credential_name.h"
#include "base/files.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxCloudPorts = 64;
constexpr std::array<std::string_view, 6> kLogLevels = {
    "trace", "debug", "info", "warn", "error", "off"};

// Sets `config` from `node`; false when the value is not of the right type or
// out of range.
using Setter = std::function<bool(const toml::node& node, Config& config)>;

struct Key {
  std::string_view name;
  std::string_view expects;
  Setter set;
};

Setter Text(std::string Config::*member) {
  return [member](const toml::node& node, Config& config) {
    const auto value = node.value_exact<std::string>();
    if (value.has_value()) config.*member = *value;
    return value.has_value();
  };
}

Setter Seconds(std::chrono::seconds Config::*member, std::int64_t least,
               std::int64_t most) {
  return [=](const toml::node& node, Config& config) {
    const auto value = node.value_exact<std::int64_t>();
    if (!value.has_value() || *value < least || *value > most) return false;
    config.*member = std::chrono::seconds(*value);
    return true;
  };
}

Setter Number(std::size_t Config::*member, std::int64_t least,
              std::int64_t most) {
  return [=](const toml::node& node, Config& config) {
    const auto value = node.value_exact<std::int64_t>();
    if (!value.has_value() || *value < least || *value > most) return false;
    config.*member = static_cast<std::size_t>(*value);
    return true;
  };
}

bool SetAuditFileSize(const toml::node& node, Config& config) {
  const auto value = node.value_exact<std::int64_t>();
  if (!value.has_value() || *value < 64 || *value > 1'048'576) return false;
  config.audit_file_bytes = static_cast<std::size_t>(*value) * 1024;
  return true;
}

bool SetLogLevel(const toml::node& node, Config& config) {
  return Text(&Config::log_level)(node, config) &&
         CheckLogLevel(config.log_level).ok();
}

bool SetCloudPorts(const toml::node& node, Config& config) {
  const toml::array* const list = node.as_array();
  if (list == nullptr || list->empty() || list->size() > kMaxCloudPorts) {
    return false;
  }
  std::vector<std::uint16_t> ports;
  for (const toml::node& item : *list) {
    const auto port = item.value_exact<std::int64_t>();
    if (!port.has_value() || *port < 1 || *port > 65'535) return false;
    ports.push_back(static_cast<std::uint16_t>(*port));
  }
  config.cloud_ports = std::move(ports);
  return true;
}

bool SetSecretMemory(const toml::node& node, Config& config) {
  const auto value = node.value_exact<bool>();
  if (value.has_value()) config.secret_memory = *value;
  return value.has_value();
}

bool SetIdleLock(const toml::node& node, Config& config) {
  const auto text = node.value_exact<std::string>();
  if (!text.has_value()) return false;
  const auto time = ParseDuration(*text);
  if (time.ok()) config.idle_lock = *time;
  return time.ok();
}

const std::array<Key, 17>& Keys() {
  static const std::array<Key, 17> keys = {{
      {"socket", "an absolute path", Text(&Config::socket)},
      {"log_file", "an absolute path", Text(&Config::log_file)},
      {"ca_file", "an absolute path", Text(&Config::ca_file)},
      {"proxy", "http://HOST:PORT or https://HOST:PORT", Text(&Config::proxy)},
      {"log_level", "one of trace, debug, info, warn, error, off", SetLogLevel},
      {"max_connections", "a number from 1 to 4096",
       Number(&Config::max_connections, 1, 4096)},
      {"idle_timeout_s", "a number of seconds from 1 to 86400",
       Seconds(&Config::idle_timeout, 1, 86'400)},
      {"sync_interval_s", "a number of seconds from 1 to 86400",
       Seconds(&Config::sync_interval, 1, 86'400)},
      {"idle_sync_interval_s", "a number of seconds from 1 to 86400",
       Seconds(&Config::idle_sync_interval, 1, 86'400)},
      {"cache_max_mib", "a number from 1 to 4096",
       Number(&Config::cache_max_mib, 1, 4096)},
      {"cache_max_values", "a number from 1 to 1000000",
       Number(&Config::cache_max_values, 1, 1'000'000)},
      {"metrics_socket", "an absolute path", Text(&Config::metrics_socket)},
      {"max_offline_s", "a number of seconds from 0 to 31536000",
       Seconds(&Config::max_offline, 0, 31'536'000)},
      {"idle_lock", "a time such as \"30m\", or \"0\" for never", SetIdleLock},
      {"audit_file_kib", "a number of KiB from 64 to 1048576",
       SetAuditFileSize},
      {"cloud_ports", "a list of up to 64 ports", SetCloudPorts},
      {"secret_memory", "true or false", SetSecretMemory},
  }};
  return keys;
}

Status At(const toml::source_region& where, const std::string& what) {
  return Invalid("line " + std::to_string(where.begin.line) + ": " + what);
}

}  // namespace

StatusOr<std::chrono::seconds> ParseDuration(std::string_view text) {
  const Status rule =
      Invalid("a time is a number followed by s, m or h, up to 8760h");
  constexpr std::int64_t kMost = std::int64_t{8760} * 3600;
  std::int64_t number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0 || number > kMost) return rule;
  const std::string_view unit(end, text.data() + text.size());
  if (unit == "h") number *= 3600;
  if (unit == "m") number *= 60;
  if ((unit.empty() || unit == "s" || unit == "m" || unit == "h") &&
      number <= kMost) {
    return std::chrono::seconds(number);
  }
  return rule;
}

StatusOr<Config> ParseConfig(std::string_view text, Config defaults) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return At(error.source(), std::string(error.description()));
  }
  Config config = std::move(defaults);
  for (const auto& [name, node] : table) {
    const auto key = std::find_if(
        Keys().begin(), Keys().end(),
        [text = name.str()](const Key& known) { return known.name == text; });
    if (key == Keys().end()) {
      return At(node.source(), "there is no setting " + Printable(name.str()));
    }
    if (!key->set(node, config)) {
      return At(node.source(), std::string(key->name) + " has to be " +
                                   std::string(key->expects));
    }
  }
  return config;
}

StatusOr<Config> LoadConfig(const std::string& path) {
  const StatusOr<SecretBytes> text = ReadFile(path, kMaxBytes);
  if (text.status().code() == StatusCode::kNotFound) return Config();
  if (!text.ok()) return text.status();
  StatusOr<Config> config = ParseConfig(text->Reveal());
  return config.ok() ? config
                     : StatusOr<Config>(Annotate(config.status(), path));
}

Status CheckLogLevel(std::string_view level) {
  if (std::find(kLogLevels.begin(), kLogLevels.end(), level) !=
      kLogLevels.end()) {
    return OkStatus();
  }
  return Invalid(
      "the log level is one of trace, debug, info, warn, error, off");
}

}  // namespace libretto
