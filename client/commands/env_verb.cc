#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "client/commands/freshness.h"
#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/run_credentials.h"
#include "client/commands/run_sources.h"
#include "client/commands/verbs.h"
#include "client/delivery/env_print.h"
#include "client/transport/unreachable.h"

namespace libretto {
namespace {

StatusOr<SecretBytes> PrintJson(const std::vector<Setting>& variables) {
  JsonObject object;
  for (const Setting& variable : variables) {
    const std::string_view value = variable.value.Reveal();
    if (!IsUtf8(value)) {
      return Invalid(Printable(variable.variable) +
                     ": the value is not UTF-8, which JSON cannot hold");
    }
    object.Text(variable.variable, value);
  }
  return SecretBytes::Take(object.str() + "\n");
}

class PrintVariables final : public Verb {
 public:
  void Define(CLI::App& app) override {
    sources_.Define(app);
    app.add_option("--format", word_,
                   "bash (default), fish, json, dotenv or direnv");
    app.add_flag("--allow-missing", allow_missing_,
                 "Go on without credentials that do not exist");
    freshness_.Define(app);
  }

  Status Run(Context& context) override {
    const auto format = EnvFormatNamed(context.json ? "json" : word_);
    if (!format.has_value()) {
      return WithRemedy(
          Invalid("--format takes bash, fish, json, dotenv or direnv"),
          "librettoctl env --help");
    }
    Status usage = sources_.Check();
    usage.Update(freshness_.Check());
    if (!usage.ok()) return usage;
    Status read = sources_.ReadFiles();
    if (!read.ok()) return read;
    // A hook asks at every prompt: that must neither start an agent nor
    // complain of one that is not there.
    context.no_start = true;
    StatusOr<std::vector<Setting>> variables = Fetch(context);
    if (!variables.ok()) {
      const bool away = IsUnreachable(variables.status());
      return away && IsForHook(*format) ? OkStatus() : variables.status();
    }
    const StatusOr<SecretBytes> printed = *format == EnvFormat::kJson
                                              ? PrintJson(*variables)
                                              : PrintEnv(*format, *variables);
    return printed.ok() ? WriteOut(printed->Reveal()) : printed.status();
  }

 private:
  StatusOr<std::vector<Setting>> Fetch(Context& context) {
    std::vector<CredentialName> listed;
    if (sources_.all()) {
      const StatusOr<AgentClient*> agent = context.Agent();
      if (!agent.ok()) return agent.status();
      StatusOr<std::vector<CredentialName>> every = EveryName(**agent);
      if (!every.ok()) return every.status();
      listed = *std::move(every);
    }
    // Not this environment: it may be what an earlier call has printed.
    StatusOr<RunPlan> plan =
        std::move(sources_).Plan(std::move(listed), Environment());
    if (!plan.ok()) return plan.status();
    std::vector<Setting> variables = std::move(plan->settings);
    if (plan->references.empty()) return variables;
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    auto credentials = FetchAll(**agent, plan->references, allow_missing_,
                                freshness_.wanted());
    if (!credentials.ok()) return credentials.status();
    for (Delivered& credential : *credentials) {
      variables.push_back(
          {std::move(credential.variable), std::move(credential.value)});
    }
    return variables;
  }

  RunSources sources_;
  FreshnessOptions freshness_;
  std::string word_ = "bash";
  bool allow_missing_ = false;
};

}  // namespace

std::unique_ptr<Verb> MakeEnv() { return std::make_unique<PrintVariables>(); }

}  // namespace libretto
