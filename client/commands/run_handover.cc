#include "client/commands/run_handover.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <utility>

#include "base/deadline.h"
#include "base/paths.h"
#include "client/commands/output.h"
#include "client/commands/run_credentials.h"
#include "client/delivery/by_descriptor.h"
#include "client/delivery/by_file.h"
#include "client/transport/agent_socket.h"

namespace libretto {
namespace {

constexpr const char* kSocketVariable = "LIBRETTO_AGENT_SOCK";
constexpr std::chrono::milliseconds kLookLimit(500);

// The main socket, which reaches everything, is not handed on.
Environment BaseEnvironment(bool pristine) {
  if (pristine) return Environment();
  Environment environment(environ);
  const char* const socket = getenv(kSocketVariable);
  if (socket != nullptr && !IsScopeSocket(socket)) {
    environment.Remove(kSocketVariable);
  }
  return environment;
}

bool SomebodyListens(const std::string& socket) {
  return !socket.empty() &&
         ConnectToSocket(socket, geteuid(), In(kLookLimit)).ok();
}

void SetSocket(const std::string& socket, Handover& handover) {
  handover.socket = socket;
  if (!socket.empty()) {
    handover.environment.Set(kSocketVariable, socket);
  } else if (const char* const inherited = getenv(kSocketVariable)) {
    // A scope's, by whatever name. The command gets the same one.
    handover.environment.Set(kSocketVariable, inherited);
  }
}

}  // namespace

Delivery DeliveryNamed(std::string_view word) {
  if (word == "env") return DeliverByEnvironment;
  if (word == "fd") return DeliverByDescriptor;
  if (word == "file") return DeliverByFile;
  return nullptr;
}

StatusOr<RunPlan> MakePlan(RunSources sources, bool pristine,
                           Context& context) {
  std::vector<CredentialName> listed;
  if (sources.all()) {
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    StatusOr<std::vector<CredentialName>> every = EveryName(**agent);
    if (!every.ok()) return every.status();
    listed = *std::move(every);
  }
  return std::move(sources).Plan(std::move(listed), BaseEnvironment(pristine));
}

StatusOr<Handover> Gatherer::Gather(Context& context,
                                    const std::string& socket) const {
  Handover handover;
  handover.environment = BaseEnvironment(options_.pristine);
  for (const Setting& setting : plan_.settings) {
    handover.environment.Set(setting.variable, setting.value.Reveal());
  }
  if (plan_.references.empty() && !options_.cloud_key) return handover;
  const StatusOr<AgentClient*> agent = context.Agent();
  if (!agent.ok()) return agent.status();
  if (options_.cloud_key) {
    StatusOr<BorrowedKey> key = (*agent)->BorrowApiKey();
    if (!key.ok()) return key.status();
    // A key without its cloud would be sent to another one.
    handover.environment.Set("LIBRETTO_API_KEY", key->text.Reveal());
    handover.environment.Set("LIBRETTO_API_URL", key->api_url);
    handover.cloud_key = std::move(key->text);
  }
  if (plan_.references.empty()) return handover;
  const bool keeps_socket = SomebodyListens(socket);
  StatusOr<ForCommand> command = FetchForCommand(
      **agent, plan_.references, options_.allow_missing, options_.wanted,
      /*with_scope=*/!options_.pristine && !keeps_socket);
  if (!command.ok()) return command.status();
  handover.credentials = std::move(command->credentials);
  handover.use_only = command->use_only;
  if (!options_.pristine) {
    SetSocket(keeps_socket ? socket : command->socket, handover);
  }
  return handover;
}

ExitCode CodeOfExecution(const Status& status) {
  return status.code() == StatusCode::kNotFound ? ExitCode::kCommandNotFound
                                                : ExitCode::kNotExecutable;
}

}  // namespace libretto
