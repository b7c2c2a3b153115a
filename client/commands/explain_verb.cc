#include <algorithm>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/credential_name.h"
#include "base/paths.h"
#include "client/commands/freshness.h"
#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/text.h"
#include "client/commands/verbs.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxTextBytes = 4096;

std::string_view VerdictWord(Explanation::Verdict verdict) {
  switch (verdict) {
    case Explanation::Verdict::kYes:
      return "yes";
    case Explanation::Verdict::kNo:
      return "no";
    case Explanation::Verdict::kCloudDecides:
      break;
  }
  return "cloud_decides";
}

std::string_view RuleWord(Explanation::Rule rule) {
  switch (rule) {
    case Explanation::Rule::kName:
      return "name";
    case Explanation::Rule::kScope:
      return "scope";
    case Explanation::Rule::kLock:
      return "lock";
    case Explanation::Rule::kSession:
      return "session";
    case Explanation::Rule::kCache:
      return "cache";
    case Explanation::Rule::kList:
      return "list";
    case Explanation::Rule::kCloud:
      break;
  }
  return "cloud";
}

std::string Sentence(const Explanation& explanation) {
  switch (explanation.verdict) {
    case Explanation::Verdict::kNo:
      return "no: " + explanation.why_not;
    case Explanation::Verdict::kYes:
      switch (explanation.source) {
        case Credential::Source::kMemory:
          return "yes: its value is in the agent's memory";
        case Credential::Source::kStale:
          return "yes, though the cloud cannot be reached: its value is in the "
                 "agent's memory";
        case Credential::Source::kCloud:
          return "yes: the cloud has it, and the agent would fetch it";
      }
      break;
    case Explanation::Verdict::kCloudDecides:
      return explanation.rule == Explanation::Rule::kList
                 ? "only if it was made meanwhile: the cloud's last list does "
                   "not have it"
                 : "the agent would have to ask the cloud";
  }
  return "";
}

class Explain final : public Verb {
 public:
  void Define(CLI::App& app) override {
    app.add_option("NAME", name_, "The credential's name")->required();
  }

  Status Run(Context& context) override {
    const StatusOr<ReferenceTarget> target = ParseReference(name_);
    if (!target.ok()) return target.status();
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    const StatusOr<Explanation> explanation = (*agent)->Explain(target->name);
    if (!explanation.ok()) return explanation.status();
    return WriteOut(context.json ? Json(*explanation) + "\n"
                                 : Human(*explanation));
  }

 private:
  static std::string Json(const Explanation& explanation) {
    const bool yes = explanation.verdict == Explanation::Verdict::kYes;
    JsonObject json;
    json.Text("name", explanation.name)
        .Text("verdict", VerdictWord(explanation.verdict))
        .Text("rule", RuleWord(explanation.rule))
        .TextOrNull("why_not", explanation.why_not)
        .TextOrNull("remedy", explanation.remedy)
        .TextOrNull("source", yes ? SourceWord(explanation.source) : "");
    if (explanation.held) {
      json.Number("age_ms", explanation.age.count());
    } else {
      json.Raw("age_ms", "null");
    }
    if (explanation.reader_pid == 0) return json.Raw("last_read", "null").str();
    return json
        .Raw("last_read",
             JsonObject()
                 .Number("pid", explanation.reader_pid)
                 .TextOrNull("process", explanation.reader_process)
                 .TextOrNull("executable", explanation.reader_executable)
                 .Number("unix_s", explanation.read_unix_s)
                 .str())
        .str();
  }

  static std::string LastRead(const Explanation& explanation) {
    if (explanation.reader_pid == 0) {
      return "by nobody since the agent was started";
    }
    const std::int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                                 SystemClock().WallNow().time_since_epoch())
                                 .count();
    std::string text = explanation.reader_process.empty()
                           ? "by a process that has ended"
                           : "by " + explanation.reader_process;
    text += ", process " + std::to_string(explanation.reader_pid);
    if (!explanation.reader_executable.empty()) {
      text += " (" + explanation.reader_executable + ")";
    }
    return text + ", " +
           Duration(std::max<std::int64_t>(0, now - explanation.read_unix_s)) +
           " ago";
  }

  static std::string Human(const Explanation& explanation) {
    std::vector<std::vector<std::string>> rows = {
        {explanation.name, Sentence(explanation)},
        {"rule", std::string(RuleWord(explanation.rule))}};
    if (explanation.verdict == Explanation::Verdict::kYes) {
      rows.push_back({"source", std::string(SourceWord(explanation.source))});
    }
    if (explanation.held) {
      rows.push_back(
          {"confirmed", Duration(explanation.age.count() / 1000) + " ago"});
    }
    // Through a scope nobody hears of others' reads.
    const StatusOr<Paths> paths = PathsFromEnvironment();
    if (!paths.ok() || !IsScopeSocket(paths->socket)) {
      rows.push_back({"last read", LastRead(explanation)});
    }
    if (!explanation.remedy.empty()) {
      rows.push_back({"try", explanation.remedy});
    }
    for (auto& row : rows) {
      for (std::string& cell : row) cell = Printable(cell, kMaxTextBytes);
    }
    return Columns(rows);
  }

  std::string name_;
};

}  // namespace

std::unique_ptr<Verb> MakeExplain() { return std::make_unique<Explain>(); }

}  // namespace libretto
