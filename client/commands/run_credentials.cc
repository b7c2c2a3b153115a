#include "client/commands/run_credentials.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "client/commands/freshness.h"
#include "client/commands/output.h"

namespace libretto {
namespace {

// The reason with which a scope's socket says no.
constexpr std::string_view kScopeRefuses = "scope";

Status Naming(const std::string& name, const Status& status) {
  const bool named = Message(status).find(name) != std::string::npos;
  return named ? status : Annotate(status, Printable(name));
}

void AddToList(std::string& list, std::string_view name) {
  list += (list.empty() ? "" : ", ") + Printable(name);
}

// Each name once: two variables may hold the same credential.
std::vector<std::string> NamesOf(const std::vector<Reference>& references) {
  std::vector<std::string> names;
  names.reserve(references.size());
  for (const Reference& reference : references) {
    names.push_back(reference.name.text());
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

StatusOr<std::vector<Delivered>> Deliver(
    const std::vector<Reference>& references,
    const std::vector<std::string>& names,
    const std::vector<StatusOr<Credential>>& answers, bool allow_missing) {
  StaleValues stale;
  std::string missing;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Status& status = answers[i].status();
    if (allow_missing && status.code() == StatusCode::kNotFound) {
      AddToList(missing, names[i]);
    } else if (!status.ok()) {
      return Naming(names[i], status);
    } else {
      stale.See(*answers[i]);
    }
  }
  stale.Report();
  if (!missing.empty()) {
    Note("librettoctl: going on without what does not exist: " + missing);
  }
  std::vector<Delivered> delivered;
  delivered.reserve(references.size());
  for (const Reference& reference : references) {
    const auto name =
        std::lower_bound(names.begin(), names.end(), reference.name.text());
    const auto& answer =
        answers[static_cast<std::size_t>(name - names.begin())];
    if (!answer.ok()) continue;
    delivered.push_back(
        {reference.variable, reference.name, answer->value.Clone()});
  }
  return delivered;
}

}  // namespace

StatusOr<std::vector<CredentialName>> EveryName(AgentClient& agent) {
  const StatusOr<CredentialList> list = agent.List();
  if (!list.ok()) return list.status();
  std::vector<CredentialName> names;
  std::string skipped;
  for (const CredentialMetadata& credential : list->credentials) {
    StatusOr<CredentialName> name = CredentialName::Verbatim(credential.name);
    if (name.ok() && name->EnvVariable().has_value()) {
      names.push_back(*std::move(name));
    } else {
      AddToList(skipped, credential.name);
    }
  }
  if (!skipped.empty()) {
    Note("librettoctl: skipped, for no environment can hold such a name: " +
         skipped);
  }
  return names;
}

StatusOr<std::vector<Delivered>> FetchAll(
    AgentClient& agent, const std::vector<Reference>& references,
    bool allow_missing, const Freshness& wanted) {
  const std::vector<std::string> names = NamesOf(references);
  return Deliver(references, names, agent.GetAll(names, wanted), allow_missing);
}

StatusOr<ForCommand> FetchForCommand(AgentClient& agent,
                                     const std::vector<Reference>& references,
                                     bool allow_missing,
                                     const Freshness& wanted, bool with_scope) {
  const std::vector<std::string> names = NamesOf(references);
  const CommandShare share = agent.GetForCommand(names, wanted, with_scope);
  StatusOr<std::vector<Delivered>> delivered =
      Deliver(references, names, share.credentials, allow_missing);
  if (!delivered.ok()) return delivered.status();
  ForCommand command;
  command.credentials = *std::move(delivered);
  command.use_only =
      std::any_of(share.credentials.begin(), share.credentials.end(),
                  [](const StatusOr<Credential>& credential) {
                    return credential.ok() && credential->use_only;
                  });
  if (share.socket.ok()) {
    command.socket = *share.socket;
  } else if (ReasonOf(share.socket.status()) != kScopeRefuses) {
    return Annotate(share.socket.status(),
                    "the command would have no scope of its own");
  }
  return command;
}

}  // namespace libretto
