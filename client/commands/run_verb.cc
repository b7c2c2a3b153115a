#include <utility>

#include <CLI/CLI.hpp>

#include "base/credential_name.h"
#include "client/commands/freshness.h"
#include "client/commands/output.h"
#include "client/commands/run_handover.h"
#include "client/commands/run_sources.h"
#include "client/commands/run_supervised.h"
#include "client/commands/verbs.h"
#include "client/delivery/trimmed_variable.h"

namespace libretto {
namespace {

// Where a failure happened decides the exit code, as in a shell.
enum class Stage { kUsage, kBefore, kExecution };

class RunCommand final : public Verb {
 public:
  void Define(CLI::App& app) override {
    sources_.Define(app);
    app.add_flag("--allow-missing", options_.allow_missing,
                 "Go on without credentials that do not exist");
    app.add_flag("--pristine", options_.pristine,
                 "Start from an empty environment instead of this one");
    app.add_option("--deliver", deliver_,
                   "How values get there: env (VAR holds the value), fd or "
                   "file (VAR_FILE names a file that does)");
    app.add_flag("--mask", supervision_.mask,
                 "Replace values in what the command prints");
    app.add_option("--on-change", on_change_,
                   "When a credential gets another value: none, restart, "
                   "signal:HUP");
    app.add_flag("--cloud-key", options_.cloud_key,
                 "Hand over the agent's own API key as LIBRETTO_API_KEY; it "
                 "reaches the whole organisation");
    freshness_.Define(app);
    // What stands behind "--" never comes here; this is for help, and for who
    // forgot it.
    app.add_option("COMMAND", without_dashes_,
                   "Behind --: the command and its arguments");
  }

  Status Run(Context& context) override {
    Status usage = CheckUsage(context);
    if (!usage.ok()) return usage;
    stage_ = Stage::kBefore;
    if (!options_.cloud_key || !sources_.empty()) {
      Status read = sources_.ReadFiles();
      if (!read.ok()) return read;
      if (sources_.empty()) return NothingIsNamed(context);
    }
    const StatusOr<RunPlan> plan =
        MakePlan(std::move(sources_), options_.pristine, context);
    if (!plan.ok()) return plan.status();
    const Gatherer gatherer(*plan, options_);
    StatusOr<Handover> handover = gatherer.Gather(context);
    if (!handover.ok()) return handover.status();
    if (options_.cloud_key) {
      Note(
          TrimmedVariable("LIBRETTO_API_KEY").empty()
              ? "librettoctl: LIBRETTO_API_KEY is the agent's own key; whoever "
                "has it reaches everything of the organisation"
              : "librettoctl: LIBRETTO_API_KEY is the one of this command's "
                "environment; whoever has it reaches everything of the "
                "organisation");
    }
    supervision_.mask = supervision_.mask || handover->use_only;
    const Delivery deliver = DeliveryNamed(deliver_);
    if (supervision_.needed()) {
      return RunSupervised(supervision_, context, gatherer, deliver,
                           *std::move(handover));
    }
    Status delivered = deliver(handover->credentials, handover->environment);
    if (!delivered.ok()) return delivered;
    stage_ = Stage::kExecution;
    return Execute(context.command, std::move(handover->environment));
  }

  ExitCode CodeFor(const Status& status) const override {
    switch (stage_) {
      case Stage::kUsage:
        return ExitCode::kUsage;
      case Stage::kBefore:
        return ExitCode::kNotExecuted;
      default:
        return CodeOfExecution(status);
    }
  }

 private:
  Status CheckUsage(const Context& context) {
    if (context.command.empty() || !without_dashes_.empty()) {
      return WithRemedy(Invalid("the command to run has to stand behind --"),
                        "librettoctl run --credential NAME -- COMMAND");
    }
    if (DeliveryNamed(deliver_) == nullptr) {
      return WithRemedy(Invalid("--deliver takes env, fd or file"),
                        "librettoctl run --help");
    }
    const std::optional<OnChange> on_change = OnChangeNamed(on_change_);
    if (!on_change.has_value()) {
      return WithRemedy(
          Invalid("--on-change takes none, restart, or signal: and the name of "
                  "a signal, as in signal:HUP"),
          "librettoctl run --help");
    }
    supervision_.on_change = *on_change;
    if (on_change->act != OnChange::Act::kNothing &&
        !context.Caller().api_key.empty()) {
      return WithRemedy(
          Invalid("LIBRETTO_API_KEY acts for one call, so nobody would notice "
                  "a change: --on-change needs a login"),
          "unset LIBRETTO_API_KEY");
    }
    if (Status usage = freshness_.Check(); !usage.ok()) return usage;
    options_.wanted = freshness_.wanted();
    return sources_.Check();
  }

  Status NothingIsNamed(const Context& context) {
    stage_ = Stage::kUsage;
    return WithRemedy(
        Invalid("no credential is named, and nothing is handed over unasked; "
                "there is no .env.libretto here or above either"),
        "librettoctl run --credential NAME -- " +
            Printable(context.command.front()) +
            " (or --all instead of --credential)");
  }

  RunSources sources_;
  HandoverOptions options_;
  FreshnessOptions freshness_;
  Supervision supervision_;
  std::string deliver_ = "env";
  std::string on_change_ = "none";
  std::vector<std::string> without_dashes_;
  Stage stage_ = Stage::kUsage;
};

}  // namespace

std::unique_ptr<Verb> MakeRun() { return std::make_unique<RunCommand>(); }

}  // namespace libretto
