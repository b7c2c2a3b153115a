#include "client/commands/run_sources.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>

#include "client/delivery/environment.h"

namespace libretto {
namespace {

template <typename Entry>
bool Means(const std::vector<Entry>& entries, std::string_view variable) {
  return std::any_of(
      entries.begin(), entries.end(),
      [variable](const Entry& entry) { return entry.variable == variable; });
}

bool Means(const RunPlan& plan, std::string_view variable) {
  return Means(plan.references, variable) || Means(plan.settings, variable);
}

StatusOr<std::string> WorkingDirectory() {
  const std::unique_ptr<char, decltype(&free)> path(getcwd(nullptr, 0), &free);
  if (path == nullptr) {
    return FromErrno(errno, "cannot tell the working directory");
  }
  return std::string(path.get());
}

Status NoVariableFor(const CredentialName& name) {
  return WithRemedy(
      Invalid("the credential " + Printable(name.text()) +
              " has no variable of its own: only names of a-z, 0-9 and '_' "
              "survive shells and npm"),
      "librettoctl run --env VARIABLE=libretto://" + Printable(name.text()) +
          " -- COMMAND");
}

// What an env file says counts where nobody else has said anything.
void AddFile(EnvFile file, const Environment& inherited, RunPlan& plan) {
  const auto is_free = [&](const std::string& variable) {
    return !inherited.Has(variable) && !Means(plan, variable);
  };
  for (Reference& reference : file.references) {
    if (is_free(reference.variable)) {
      plan.references.push_back(std::move(reference));
    }
  }
  for (Setting& setting : file.settings) {
    if (is_free(setting.variable)) plan.settings.push_back(std::move(setting));
  }
}

}  // namespace

void RunSources::Define(CLI::App& app) {
  CLI::Option* const credential = app.add_option(
      "--credential", credentials_,
      "Hand over this credential as LIBRETTO_CLOUD_<NAME>; may be repeated");
  credential->allow_extra_args(false);
  app.add_option("--env", assignments_,
                 "Hand over a credential as a variable of this name: "
                 "VAR=libretto://NAME; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--env-file", paths_,
                 "Read references and settings from this file instead of the "
                 "nearest .env.libretto; may be repeated")
      ->allow_extra_args(false);
  app.add_flag("--all", all_, "Hand over every credential")
      ->excludes(credential);
}

Status RunSources::Check() {
  for (const std::string& text : credentials_) {
    StatusOr<CredentialName> name =
        CredentialName::Parse(NameOfReference(text));
    if (!name.ok()) return Annotate(name.status(), Printable(text));
    if (std::find(named_.begin(), named_.end(), *name) == named_.end()) {
      named_.push_back(*std::move(name));
    }
  }
  for (const std::string& text : assignments_) {
    Status assigned = CheckAssignment(text);
    if (!assigned.ok()) return assigned;
  }
  return OkStatus();
}

Status RunSources::CheckAssignment(const std::string& text) {
  const std::string_view whole(text);
  const std::size_t equals = std::min(whole.find('='), whole.size());
  const std::string_view variable = whole.substr(0, equals);
  const std::string_view value =
      whole.substr(std::min(equals + 1, whole.size()));
  // Not quoted: it may be a value that somebody has put there.
  if (!IsVariableName(variable) || !IsReference(value)) {
    return Invalid(
        "--env takes VAR=libretto://NAME: the name of a variable, and a "
        "reference; a value itself never belongs into the arguments");
  }
  StatusOr<CredentialName> name = CredentialName::Parse(NameOfReference(value));
  if (!name.ok()) return Annotate(name.status(), variable);
  if (Means(assigned_, variable)) {
    return Invalid("--env names " + std::string(variable) + " twice");
  }
  assigned_.push_back({std::string(variable), *std::move(name)});
  return OkStatus();
}

Status RunSources::ReadFiles() {
  for (const std::string& path : paths_) {
    StatusOr<EnvFile> file = ReadEnvFile(path);
    if (!file.ok()) return file.status();
    files_.push_back(*std::move(file));
  }
  if (!empty()) return OkStatus();
  const StatusOr<std::string> directory = WorkingDirectory();
  if (!directory.ok()) return directory.status();
  StatusOr<std::optional<EnvFile>> nearest = ReadNearestEnvFile(*directory);
  if (!nearest.ok()) return nearest.status();
  if (nearest->has_value()) files_.push_back(**std::move(nearest));
  return OkStatus();
}

bool RunSources::empty() const {
  return !all_ && named_.empty() && assigned_.empty() && paths_.empty() &&
         files_.empty();
}

StatusOr<RunPlan> RunSources::Plan(std::vector<CredentialName> listed,
                                   const Environment& inherited) && {
  RunPlan plan;
  plan.references = std::move(assigned_);
  std::vector<CredentialName>& names = all_ ? listed : named_;
  for (CredentialName& name : names) {
    std::optional<std::string> variable = name.EnvVariable();
    if (!variable.has_value()) return NoVariableFor(name);
    if (Means(plan, *variable)) continue;
    plan.references.push_back({*std::move(variable), std::move(name)});
  }
  for (EnvFile& file : files_) AddFile(std::move(file), inherited, plan);
  return plan;
}

}  // namespace libretto
