#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/terminal.h"
#include "client/commands/text.h"
#include "client/commands/verbs.h"
#include "client/delivery/dotenv_import.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxDotenvBytes = std::size_t{1} << 20;

// The file itself, where `path` leads to it through links.
StatusOr<std::string> RealPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&free)> real(
      realpath(path.c_str(), nullptr), &free);
  if (real == nullptr) {
    return FromErrno(errno, "cannot read " + Printable(path));
  }
  return std::string(real.get());
}

// Atomically, with the mode that the file has. Not when it is no longer what
// was read, nor when it would change hands.
Status Replace(const std::string& path, const SecretBytes& before,
               const SecretBytes& after) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) {
    return FromErrno(errno, "cannot look at " + Printable(path));
  }
  if (about.st_uid != geteuid()) {
    return Denied(Printable(path) + " belongs to another user");
  }
  const StatusOr<SecretBytes> now = ReadFile(path, kMaxDotenvBytes);
  if (!now.ok()) return now.status();
  if (!now->Equals(before)) {
    return Conflict(Printable(path) + " has changed meanwhile");
  }
  return WriteFileAtomically(path, after.Reveal(), about.st_mode & 0777);
}

class Import final : public Verb {
 public:
  void Define(CLI::App& app) override {
    app.add_option("FILE", file_, "A .env file")->required();
    app.add_option("--also", also_,
                   "Import this variable too, which does not begin with "
                   "LIBRETTO_CLOUD_; may be repeated")
        ->allow_extra_args(false);
    app.add_flag("--yes", yes_,
                 "Take the values out of the file without asking");
  }

  Status Run(Context& context) override {
    const StatusOr<std::string> path = RealPath(file_);
    if (!path.ok()) return path.status();
    StatusOr<SecretBytes> text = ReadFile(*path, kMaxDotenvBytes);
    if (!text.ok()) return text.status();
    const auto import = DotenvImport::Parse(*std::move(text), also_);
    if (!import.ok()) return Annotate(import.status(), Printable(file_));
    if (import->found().empty()) return NothingFound();
    // Before anything is stored: what it leads to.
    const StatusOr<SecretBytes> after = import->WithReferences();
    if (!after.ok()) return after.status();

    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    Status stored = Store(context, **agent, *import);
    if (!stored.ok()) return stored;
    const StatusOr<bool> agreed = Agreed(context);
    if (!agreed.ok()) return agreed.status();
    if (*agreed) {
      const Status replaced = Replace(*path, import->text(), *after);
      if (!replaced.ok()) {
        return Annotate(replaced, "stored, but the file is as it was");
      }
    }
    return Summarise(context, *agreed);
  }

 private:
  Status NothingFound() const {
    return WithRemedy(
        NotFound("there is no value of a LIBRETTO_CLOUD_* variable in " +
                 Printable(file_)),
        "librettoctl import " + Printable(file_) + " --also VARIABLE");
  }

  // Stores everything, then reads it back from the cloud.
  Status Store(const Context& context, AgentClient& agent,
               const DotenvImport& import) {
    std::string list;
    for (const auto& found : import.found()) {
      list += (list.empty() ? "" : ", ") + found.name.text();
    }
    if (!context.json) {
      Status written =
          WriteOut("Found in " + Printable(file_) + ": " + list + "\n");
      if (!written.ok()) return written;
    }
    std::vector<std::string> names;
    for (const auto& found : import.found()) {
      const auto stored = agent.Upsert(found.name.text(), found.value);
      Status status = stored.ok()
                          ? Report(context, *stored)
                          : Annotate(stored.status(), found.name.text());
      if (!status.ok()) return status;
      names.push_back(found.name.text());
    }
    const auto answers = agent.GetAll(names);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i].ok()) return Annotate(answers[i].status(), names[i]);
      if (!answers[i]->value.Equals(import.found()[i].value)) {
        return Conflict("the cloud has another value for " + names[i] +
                        " than " + Printable(file_) +
                        "; the file is as it was");
      }
    }
    if (context.json) return OkStatus();
    return WriteOut("The cloud has the same " +
                    Count(static_cast<std::int64_t>(names.size()), "value") +
                    ".\n");
  }

  Status Report(const Context& context, const StoredCredential& stored) {
    stored_.push_back(JsonObject()
                          .Text("id", stored.id)
                          .Text("name", stored.name)
                          .Flag("overwritten", stored.overwritten));
    if (context.json) return OkStatus();
    return WriteOut(std::string(stored.overwritten ? "Updated" : "Created") +
                    " cloud credential: " + Printable(stored.name) + "\n");
  }

  StatusOr<bool> Agreed(const Context& context) const {
    if (yes_) return true;
    if (context.json) return false;
    std::optional<Terminal> terminal = Terminal::Open();
    if (!terminal.has_value()) return false;
    const StatusOr<std::string> answer =
        terminal->Ask("Leave references in " + Printable(file_) +
                          " in the place of the values? (yes/no)",
                      "no");
    if (!answer.ok()) return answer.status();
    return *answer == "yes" || *answer == "y";
  }

  Status Summarise(const Context& context, bool replaced) const {
    if (context.json) {
      return WriteOut(JsonObject()
                          .Raw("stored", JsonArray(stored_))
                          .Flag("replaced", replaced)
                          .str() +
                      "\n");
    }
    Note(replaced ? Printable(file_) +
                        " holds references now:\n  try: librettoctl run "
                        "--env-file " +
                        Printable(file_) + " -- COMMAND"
                  : "The values are still in " + Printable(file_) +
                        ".\n  try: librettoctl import " + Printable(file_) +
                        " --yes");
    return OkStatus();
  }

  std::string file_;
  std::vector<std::string> also_;
  bool yes_ = false;
  std::vector<JsonObject> stored_;
};

}  // namespace

std::unique_ptr<Verb> MakeImport() { return std::make_unique<Import>(); }

}  // namespace libretto
