#include "client/commands/verb.h"

#include <utility>

#include "client/commands/connection.h"
#include "client/commands/json_object.h"
#include "client/delivery/trimmed_variable.h"

namespace libretto {

StatusOr<AgentClient*> Context::Agent(Key key) {
  if (agent_.has_value()) return &*agent_;
  const StatusOr<Paths> paths = GetPaths();
  if (!paths.ok()) return paths.status();
  for (const char* variable : {"LIBRETTO_PROFILE", "LIBRETTO_API_URL"}) {
    if (!IsUtf8(TrimmedVariable(variable))) {
      return Invalid(std::string(variable) + " is not UTF-8 text");
    }
  }
  if (no_start) {
    StatusOr<AgentClient> agent = ConnectOnly(*paths, Caller(key));
    if (!agent.ok()) return agent.status();
    agent_.emplace(*std::move(agent));
  } else {
    StatusOr<Started> started =
        ConnectOrStart(*paths, AgentEnvironment::kAllowListed, Caller(key));
    if (!started.ok()) return started.status();
    agent_.emplace(std::move(started->agent));
  }
  return &*agent_;
}

StatusOr<AgentClient> Context::Connect() const {
  const StatusOr<Paths> paths = GetPaths();
  if (!paths.ok()) return paths.status();
  return ConnectOnly(*paths, Caller());
}

CallerContext Context::Caller(Key key) const {
  CallerContext caller;
  caller.profile =
      profile.empty() ? TrimmedVariable("LIBRETTO_PROFILE") : profile;
  caller.api_url = TrimmedVariable("LIBRETTO_API_URL");
  if (key == Key::kUsed) {
    caller.api_key = SecretBytes::CopyOf(TrimmedVariable("LIBRETTO_API_KEY"));
  }
  return caller;
}

}  // namespace libretto
