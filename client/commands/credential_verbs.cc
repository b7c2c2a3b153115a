#include <utility>

#include <CLI/CLI.hpp>

#include "base/credential_name.h"
#include "client/commands/input.h"
#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/verbs.h"

namespace libretto {
namespace {

// NAME, and the value's sources. A value among the arguments is refused rather
// than used: every process of the machine can read arguments.
class ValueOptions {
 public:
  void Define(CLI::App& app) {
    app.add_option("NAME", name, "The credential's name")->required();
    app.add_option("VALUE", refused_)->group("");
    CLI::Option* const from_stdin = app.add_flag(
        "--value-stdin", source.from_stdin,
        "Read the value from standard input, less one trailing newline");
    app.add_option("--value-file", source.file,
                   "Read the value from this file, less one trailing newline")
        ->excludes(from_stdin);
  }

  Status Check() const {
    if (refused_.empty()) return OkStatus();
    return WithRemedy(
        Invalid("a value is never an argument: every process of this machine "
                "can read arguments, and the shell's history keeps them"),
        "leave it out to be asked, or give --value-stdin or --value-file FILE");
  }

  std::string name;
  ValueSource source;

 private:
  std::vector<std::string> refused_;
};

Status PrintStored(const Context& context, std::string_view verb,
                   const StoredCredential& stored) {
  if (context.json) {
    return WriteOut(
        JsonObject().Text("id", stored.id).Text("name", stored.name).str() +
        "\n");
  }
  return WriteOut(std::string(verb) +
                  " cloud credential: " + Printable(stored.name) + "\n");
}

class Create final : public Verb {
 public:
  void Define(CLI::App& app) override { options_.Define(app); }

  Status Run(Context& context) override {
    Status checked = options_.Check();
    if (!checked.ok()) return checked;
    const StatusOr<CredentialName> name = CredentialName::Parse(options_.name);
    if (!name.ok()) return name.status();
    const StatusOr<SecretBytes> value =
        ReadValue(options_.source, "Value of " + name->text());
    if (!value.ok()) return value.status();
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    const auto stored = (*agent)->Create(name->text(), *value);
    if (!stored.ok()) return stored.status();
    return PrintStored(context, "Created", *stored);
  }

 private:
  ValueOptions options_;
};

class Update final : public Verb {
 public:
  void Define(CLI::App& app) override {
    options_.Define(app);
    app.add_option("--name", new_name_,
                   "Rename it; the value stays unless it is given too");
  }

  Status Run(Context& context) override {
    Status checked = options_.Check();
    if (!checked.ok()) return checked;
    std::optional<std::string> new_name;
    if (!new_name_.empty()) {
      const StatusOr<CredentialName> name = CredentialName::Parse(new_name_);
      if (!name.ok()) return name.status();
      new_name = name->text();
    }
    std::optional<SecretBytes> value;
    if (!new_name.has_value() || options_.source.given()) {
      StatusOr<SecretBytes> read = ReadValue(
          options_.source, "New value of " + Printable(options_.name));
      if (!read.ok()) return read.status();
      value = *std::move(read);
    }
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    const auto stored = (*agent)->Update(options_.name, value, new_name);
    if (!stored.ok()) return stored.status();
    return PrintStored(context, "Updated", *stored);
  }

 private:
  ValueOptions options_;
  std::string new_name_;
};

class Delete final : public Verb {
 public:
  void Define(CLI::App& app) override {
    app.add_option("NAME", name_, "The credential's name")->required();
  }

  Status Run(Context& context) override {
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    const StatusOr<std::string> deleted = (*agent)->Delete(name_);
    if (!deleted.ok()) return deleted.status();
    if (context.json) {
      return WriteOut(JsonObject().Text("name", *deleted).str() + "\n");
    }
    return WriteOut("Deleted cloud credential: " + Printable(*deleted) + "\n");
  }

 private:
  std::string name_;
};

}  // namespace

std::unique_ptr<Verb> MakeCreate() { return std::make_unique<Create>(); }
std::unique_ptr<Verb> MakeUpdate() { return std::make_unique<Update>(); }
std::unique_ptr<Verb> MakeDelete() { return std::make_unique<Delete>(); }

}  // namespace libretto
