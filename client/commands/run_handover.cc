#include "client/commands/run_handover.h"

#include <unistd.h>

#include <utility>

#include "client/commands/output.h"
#include "client/commands/run_credentials.h"
#include "client/delivery/by_descriptor.h"
#include "client/delivery/by_file.h"

namespace libretto {
namespace {

Environment BaseEnvironment(bool pristine) {
  return pristine ? Environment() : Environment(environ);
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

StatusOr<Handover> Gatherer::Gather(Context& context) const {
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
  StatusOr<std::vector<Delivered>> credentials = FetchAll(
      **agent, plan_.references, options_.allow_missing, options_.wanted);
  if (!credentials.ok()) return credentials.status();
  handover.credentials = *std::move(credentials);
  return handover;
}

ExitCode CodeOfExecution(const Status& status) {
  return status.code() == StatusCode::kNotFound ? ExitCode::kCommandNotFound
                                                : ExitCode::kNotExecutable;
}

}  // namespace libretto
