#include <CLI/CLI.hpp>

#include "client/commands/exit_codes.h"
#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/text.h"
#include "client/commands/verbs.h"

namespace libretto {
namespace {

class HelpExitCodes final : public Verb {
 public:
  void Define(CLI::App& /*app*/) override {}

  Status Run(Context& context) override {
    std::vector<JsonObject> items;
    std::vector<std::vector<std::string>> rows;
    for (const auto& [code, meaning] : ExitCodes()) {
      const int number = static_cast<int>(code);
      items.push_back(
          JsonObject().Number("code", number).Text("meaning", meaning));
      rows.push_back({std::to_string(number), std::string(meaning)});
    }
    if (context.json) return WriteOut(JsonArray(items) + "\n");
    return WriteOut(Columns(rows) +
                    "Under run, everything else is the command's own code.\n");
  }
};

}  // namespace

std::unique_ptr<Verb> MakeHelpExitCodes() {
  return std::make_unique<HelpExitCodes>();
}

}  // namespace libretto
