#include <unistd.h>

#include <algorithm>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/credential_name.h"
#include "client/commands/output.h"
#include "client/commands/verbs.h"
#include "client/delivery/child.h"

namespace libretto {
namespace {

// Where a failure happened decides the exit code, as in a shell.
enum class Stage { kUsage, kBefore, kExecution };

class RunCommand final : public Verb {
 public:
  void Define(CLI::App& app) override {
    CLI::Option* const named = app.add_option(
        "--credential", names_,
        "Put this credential into the environment; may be repeated");
    named->allow_extra_args(false);
    app.add_flag("--all", all_, "Put every credential into the environment")
        ->excludes(named);
    // What stands behind "--" never comes here; this is for help, and for who
    // forgot it.
    app.add_option("COMMAND", without_dashes_,
                   "Behind --: the command and its arguments. Each credential "
                   "becomes LIBRETTO_CLOUD_<NAME IN UPPER CASE>");
  }

  Status Run(Context& context) override {
    Status usage = CheckUsage(context);
    if (!usage.ok()) return usage;
    stage_ = Stage::kBefore;
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    StatusOr<std::vector<CredentialName>> names =
        all_ ? EveryName(**agent) : wanted_;
    if (!names.ok()) return names.status();
    const auto credentials = Fetch(**agent, *names);
    if (!credentials.ok()) return credentials.status();
    StatusOr<Environment> environment = WithCredentials(environ, *credentials);
    if (!environment.ok()) return environment.status();
    stage_ = Stage::kExecution;
    return Execute(context.command, *std::move(environment));
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
  Status CheckUsage(const Context& context) {
    if (context.command.empty() || !without_dashes_.empty()) {
      return WithRemedy(Invalid("the command to run has to stand behind --"),
                        "librettoctl run --credential NAME -- COMMAND");
    }
    if (names_.empty() && !all_) {
      return WithRemedy(
          Invalid("no credential is named, and nothing is handed over unasked"),
          "librettoctl run --credential NAME -- " +
              Printable(context.command.front()) +
              " (or --all instead of --credential)");
    }
    for (const std::string& text : names_) {
      StatusOr<CredentialName> name =
          CredentialName::Parse(NameOfReference(text));
      if (!name.ok()) return Annotate(name.status(), Printable(text));
      if (std::find(wanted_.begin(), wanted_.end(), *name) == wanted_.end()) {
        wanted_.push_back(*std::move(name));
      }
    }
    return OkStatus();
  }

  static StatusOr<std::vector<CredentialName>> EveryName(AgentClient& agent) {
    const StatusOr<CredentialList> list = agent.List();
    if (!list.ok()) return list.status();
    std::vector<CredentialName> names;
    std::string skipped;
    for (const CredentialMetadata& credential : list->credentials) {
      StatusOr<CredentialName> name = CredentialName::Verbatim(credential.name);
      if (name.ok() && name->EnvVariable().has_value()) {
        names.push_back(*std::move(name));
      } else {
        skipped += (skipped.empty() ? "" : ", ") + Printable(credential.name);
      }
    }
    if (!skipped.empty()) {
      Note("librettoctl: skipped, for no environment can hold such a name: " +
           skipped);
    }
    return names;
  }

  // All at once; the first failure tells, with its credential's name.
  static StatusOr<std::vector<Delivered>> Fetch(
      AgentClient& agent, const std::vector<CredentialName>& names) {
    std::vector<std::string> texts;
    texts.reserve(names.size());
    for (const CredentialName& name : names) texts.push_back(name.text());
    std::vector<StatusOr<Credential>> answers = agent.GetAll(texts);
    std::vector<Delivered> delivered;
    delivered.reserve(answers.size());
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i].ok()) return Naming(texts[i], answers[i].status());
      delivered.push_back({names[i], std::move(answers[i]->value)});
    }
    return delivered;
  }

  static Status Naming(const std::string& name, const Status& status) {
    const bool named = Message(status).find(name) != std::string::npos;
    return named ? status : Annotate(status, Printable(name));
  }

  std::vector<std::string> names_;
  bool all_ = false;
  std::vector<std::string> without_dashes_;
  std::vector<CredentialName> wanted_;
  Stage stage_ = Stage::kUsage;
};

}  // namespace

std::unique_ptr<Verb> MakeRun() { return std::make_unique<RunCommand>(); }

}  // namespace libretto
