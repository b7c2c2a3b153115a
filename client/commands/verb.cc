#include "client/commands/verb.h"

#include <cstdlib>
#include <utility>

#include "client/commands/connection.h"
#include "client/delivery/dotenv.h"

namespace libretto {
namespace {

// As the public command reads its variables (contract 1.4).
std::string_view Variable(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? "" : TrimLikeJavaScript(value);
}

}  // namespace

StatusOr<AgentClient*> Context::Agent(Key key) {
  if (agent_.has_value()) return &*agent_;
  const StatusOr<Paths> paths = GetPaths();
  if (!paths.ok()) return paths.status();
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
  caller.profile = profile.empty() ? Variable("LIBRETTO_PROFILE") : profile;
  caller.api_url = Variable("LIBRETTO_API_URL");
  if (key == Key::kUsed) {
    caller.api_key = SecretBytes::CopyOf(Variable("LIBRETTO_API_KEY"));
  }
  return caller;
}

}  // namespace libretto
