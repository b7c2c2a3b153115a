#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "client/commands/freshness.h"
#include "client/commands/input.h"
#include "client/commands/output.h"
#include "client/commands/verbs.h"
#include "client/delivery/template.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxTemplateBytes = std::size_t{1} << 20;

// All in one round trip; those that do not exist are named together.
StatusOr<std::vector<SecretBytes>> FetchValues(
    AgentClient& agent, const std::vector<ReferenceTarget>& targets,
    const Freshness& wanted) {
  std::vector<SecretBytes> values;
  std::string missing;
  StaleValues stale;
  auto answers = agent.GetAll(targets, wanted);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string name = Printable(targets[i].name);
    if (answers[i].ok()) {
      stale.See(*answers[i]);
      values.push_back(std::move(answers[i]->value));
    } else if (answers[i].status().code() == StatusCode::kNotFound) {
      missing += (missing.empty() ? "" : ", ") + name;
    } else {
      const bool named =
          Message(answers[i].status()).find(name) != std::string::npos;
      return named ? answers[i].status() : Annotate(answers[i].status(), name);
    }
  }
  if (!missing.empty()) {
    return WithRemedy(
        NotFound("the template names what does not exist: " + missing),
        "librettoctl cloud credentials list");
  }
  stale.Report();
  return values;
}

class Inject final : public Verb {
 public:
  void Define(CLI::App& app) override {
    app.add_option("-i,--in-file", in_file_,
                   "The template (default: standard input)");
    app.add_option("-o,--out-file", out_file_,
                   "Write to this file, for its owner alone to read (default: "
                   "standard output)");
    freshness_.Define(app);
  }

  Status Run(Context& context) override {
    if (Status usage = freshness_.Check(); !usage.ok()) return usage;
    StatusOr<SecretBytes> text =
        in_file_.has_value() ? ReadFile(*in_file_, kMaxTemplateBytes)
                             : ReadStandardInputWhole(kMaxTemplateBytes);
    if (!text.ok()) return text.status();
    const StatusOr<Template> parsed = Template::Parse(*std::move(text));
    if (!parsed.ok()) {
      return Annotate(parsed.status(), in_file_.has_value()
                                           ? Printable(*in_file_)
                                           : "standard input");
    }
    std::vector<SecretBytes> values;
    if (!parsed->targets().empty()) {
      const StatusOr<AgentClient*> agent = context.Agent();
      if (!agent.ok()) return agent.status();
      auto fetched =
          FetchValues(**agent, parsed->targets(), freshness_.wanted());
      if (!fetched.ok()) return fetched.status();
      values = *std::move(fetched);
    }
    const SecretBytes filled = parsed->Fill(values);
    return out_file_.has_value() ? WritePrivateFile(*out_file_, filled.Reveal())
                                 : WriteOut(filled.Reveal());
  }

 private:
  FreshnessOptions freshness_;
  std::optional<std::string> in_file_;
  std::optional<std::string> out_file_;
};

}  // namespace

std::unique_ptr<Verb> MakeInject() { return std::make_unique<Inject>(); }

}  // namespace libretto
