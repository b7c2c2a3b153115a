#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/credential_name.h"
#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/verbs.h"
#include "client/delivery/cloud_variables.h"

namespace libretto {
namespace {

StatusOr<std::vector<CloudVariable>> VariablesHere() {
  std::array<char, PATH_MAX> directory{};
  if (getcwd(directory.data(), directory.size()) == nullptr) {
    return FromErrno(errno, "cannot tell the current directory");
  }
  return FindCloudVariables(environ, directory.data());
}

class Push final : public Verb {
 public:
  void Define(CLI::App& /*app*/) override {}

  Status Run(Context& context) override {
    const auto variables = VariablesHere();
    if (!variables.ok()) return variables.status();
    if (variables->empty()) {
      return WithRemedy(
          NotFound("there is no LIBRETTO_CLOUD_* variable in the environment "
                   "or in .env"),
          "LIBRETTO_CLOUD_USERNAME=... in .env");
    }
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    for (const auto& [name, value] : *variables) {
      const auto stored = (*agent)->Upsert(name, value);
      Status status = stored.ok() ? Report(context, *stored)
                                  : Annotate(stored.status(), Printable(name));
      if (!status.ok()) return status;
    }
    return Summarise(context);
  }

 private:
  Status Report(const Context& context, const StoredCredential& stored) {
    ++(stored.overwritten ? updated_ : created_);
    if (context.json) {
      pushed_.push_back(JsonObject()
                            .Text("id", stored.id)
                            .Text("name", stored.name)
                            .Flag("overwritten", stored.overwritten));
      return OkStatus();
    }
    return WriteOut(std::string(stored.overwritten ? "Updated" : "Created") +
                    " cloud credential: " + Printable(stored.name) + "\n");
  }

  Status Summarise(const Context& context) const {
    if (context.json) {
      return WriteOut(JsonObject()
                          .Raw("pushed", JsonArray(pushed_))
                          .Number("created", created_)
                          .Number("updated", updated_)
                          .str() +
                      "\n");
    }
    return WriteOut("Pushed " + std::to_string(created_ + updated_) +
                    " cloud credential(s) (" + std::to_string(created_) +
                    " created, " + std::to_string(updated_) + " updated).\n");
  }

  int created_ = 0;
  int updated_ = 0;
  std::vector<JsonObject> pushed_;
};

}  // namespace

std::unique_ptr<Verb> MakePush() { return std::make_unique<Push>(); }

}  // namespace libretto
