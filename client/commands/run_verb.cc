#include <unistd.h>

#include <utility>

#include <CLI/CLI.hpp>

#include "base/credential_name.h"
#include "client/commands/output.h"
#include "client/commands/run_credentials.h"
#include "client/commands/run_sources.h"
#include "client/commands/verbs.h"
#include "client/delivery/by_descriptor.h"
#include "client/delivery/by_file.h"
#include "client/delivery/child.h"

namespace libretto {
namespace {

// Where a failure happened decides the exit code, as in a shell.
enum class Stage { kUsage, kBefore, kExecution };

using Delivery = Status (*)(const std::vector<Delivered>&, Environment&);

// Null for a word that is none of --deliver's.
Delivery DeliveryNamed(std::string_view word) {
  if (word == "env") return DeliverByEnvironment;
  if (word == "fd") return DeliverByDescriptor;
  if (word == "file") return DeliverByFile;
  return nullptr;
}

class RunCommand final : public Verb {
 public:
  void Define(CLI::App& app) override {
    sources_.Define(app);
    app.add_flag("--allow-missing", allow_missing_,
                 "Go on without credentials that do not exist");
    app.add_flag("--pristine", pristine_,
                 "Start from an empty environment instead of this one");
    app.add_option("--deliver", deliver_,
                   "How values get there: env (VAR holds the value), fd or "
                   "file (VAR_FILE names a file that does)");
    // What stands behind "--" never comes here; this is for help, and for who
    // forgot it.
    app.add_option("COMMAND", without_dashes_,
                   "Behind --: the command and its arguments");
  }

  Status Run(Context& context) override {
    if (context.command.empty() || !without_dashes_.empty()) {
      return WithRemedy(Invalid("the command to run has to stand behind --"),
                        "librettoctl run --credential NAME -- COMMAND");
    }
    if (DeliveryNamed(deliver_) == nullptr) {
      return WithRemedy(Invalid("--deliver takes env, fd or file"),
                        "librettoctl run --help");
    }
    const Status usage = sources_.Check();
    if (!usage.ok()) return usage;
    stage_ = Stage::kBefore;
    const Status read = sources_.ReadFiles();
    if (!read.ok()) return read;
    if (sources_.empty()) return NothingIsNamed(context);
    Environment environment = pristine_ ? Environment() : Environment(environ);
    const Status prepared = Prepare(context, environment);
    if (!prepared.ok()) return prepared;
    stage_ = Stage::kExecution;
    return Execute(context.command, std::move(environment));
  }

  ExitCode CodeFor(const Status& status) const override {
    switch (stage_) {
      case Stage::kUsage:
        return ExitCode::kUsage;
      case Stage::kBefore:
        return ExitCode::kNotExecuted;
      default:
        return status.code() == StatusCode::kNotFound
                   ? ExitCode::kCommandNotFound
                   : ExitCode::kNotExecutable;
    }
  }

 private:
  Status NothingIsNamed(const Context& context) {
    stage_ = Stage::kUsage;
    return WithRemedy(
        Invalid("no credential is named, and nothing is handed over unasked; "
                "there is no .env.libretto here or above either"),
        "librettoctl run --credential NAME -- " +
            Printable(context.command.front()) +
            " (or --all instead of --credential)");
  }

  // Puts everything that the command is to get into `environment`.
  Status Prepare(Context& context, Environment& environment) {
    std::vector<CredentialName> listed;
    if (sources_.all()) {
      const StatusOr<AgentClient*> agent = context.Agent();
      if (!agent.ok()) return agent.status();
      StatusOr<std::vector<CredentialName>> every = EveryName(**agent);
      if (!every.ok()) return every.status();
      listed = *std::move(every);
    }
    const StatusOr<RunPlan> plan =
        std::move(sources_).Plan(std::move(listed), environment);
    if (!plan.ok()) return plan.status();
    for (const Setting& setting : plan->settings) {
      environment.Set(setting.variable, setting.value.Reveal());
    }
    if (plan->references.empty()) return OkStatus();
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    const auto credentials =
        FetchAll(**agent, plan->references, allow_missing_);
    if (!credentials.ok()) return credentials.status();
    return DeliveryNamed(deliver_)(*credentials, environment);
  }

  RunSources sources_;
  std::string deliver_ = "env";
  bool allow_missing_ = false;
  bool pristine_ = false;
  std::vector<std::string> without_dashes_;
  Stage stage_ = Stage::kUsage;
};

}  // namespace

std::unique_ptr<Verb> MakeRun() { return std::make_unique<RunCommand>(); }

}  // namespace libretto
