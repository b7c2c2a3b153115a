#include "client/commands/verb.h"

#include <cstdlib>
#include <utility>

#include "client/commands/connection.h"

namespace libretto {

StatusOr<AgentClient*> Context::Agent() {
  if (agent_.has_value()) return &*agent_;
  const StatusOr<Paths> paths = GetPaths();
  if (!paths.ok()) return paths.status();
  if (no_start) {
    StatusOr<AgentClient> agent = ConnectOnly(*paths);
    if (!agent.ok()) return agent.status();
    agent_.emplace(*std::move(agent));
  } else {
    StatusOr<Started> started =
        ConnectOrStart(*paths, AgentEnvironment::kAllowListed);
    if (!started.ok()) return started.status();
    agent_.emplace(std::move(started->agent));
  }
  return &*agent_;
}

std::string Context::ApiUrl() const {
  const char* url = getenv("LIBRETTO_API_URL");
  std::string_view text(url == nullptr ? "" : url);
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return "";
  text = text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
  return std::string(text);
}

}  // namespace libretto
