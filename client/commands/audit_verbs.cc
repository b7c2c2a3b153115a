// `audit tail`, `audit verify` and `audit who`: they read the files that the
// agent writes, so they need no agent, and start none.
#include <algorithm>
#include <deque>
#include <map>
#include <tuple>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/credential_name.h"
#include "client/commands/audit_log.h"
#include "client/commands/connection.h"
#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/text.h"
#include "client/commands/verbs.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxTextBytes = 4096;

StatusOr<AuditLog> OpenLog(const Context& context) {
  const StatusOr<Paths> paths = context.GetPaths();
  if (!paths.ok()) return paths.status();
  return AuditLog::Open(paths->audit_log);
}

std::string OutcomeText(const AuditRecord& record) {
  return record.outcome + (record.reason.empty() ? "" : ": " + record.reason);
}

// One line for people; whatever the file says, a terminal does not act on it.
std::string Shown(std::string_view line) {
  const auto record = ParseAuditRecord(line);
  if (!record.has_value()) {
    return "(no record) " + Printable(line, kMaxTextBytes);
  }
  std::string text = record->time + "  " + record->verb;
  if (!record->name.empty()) text += " " + record->name;
  text += "  " + OutcomeText(*record);
  if (record->count != 1) text += " (" + std::to_string(record->count) + "x)";
  text += "  " + record->Who();
  return Printable(text, kMaxTextBytes);
}

class Tail final : public Verb {
 public:
  void Define(CLI::App& app) override {
    app.add_option("-n,--lines", lines_, "Show this many records (default: 20)")
        ->check(CLI::Range(0, 1'000'000));
    app.add_flag("-f,--follow", follow_, "Go on with what is written from now");
  }

  Status Run(Context& context) override {
    StatusOr<AuditLog> log = OpenLog(context);
    if (!log.ok()) return log.status();
    const auto shown = [json = context.json](std::string_view line) {
      return (json ? Printable(line, 2 * kMaxTextBytes) : Shown(line)) + "\n";
    };
    std::deque<std::string> last;
    const Status read = log->ForEach([&](std::string_view line, bool) {
      last.emplace_back(line);
      if (last.size() > lines_) last.pop_front();
    });
    if (!read.ok()) return read;
    std::string text;
    for (const std::string& line : last) text += shown(line);
    Status written = WriteOut(text);
    if (!written.ok() || !follow_) return written;
    const Status followed = log->Follow([&](std::string_view line) {
      written = WriteOut(shown(line));
      return written.ok();
    });
    return followed.ok() ? written : followed;
  }

 private:
  std::size_t lines_ = 20;
  bool follow_ = false;
};

class Verify final : public Verb {
 public:
  void Define(CLI::App& /*app*/) override {}

  Status Run(Context& context) override {
    const StatusOr<Paths> paths = context.GetPaths();
    if (!paths.ok()) return paths.status();
    const StatusOr<AuditChain> chain = AuditChain::Load(paths->audit_key);
    // Before the log is read: it may grow meanwhile, and must not shrink.
    const std::optional<AuditHead> told = AskAgent(context, *paths);
    const std::optional<AuditHead> noted =
        chain.ok() ? chain->LoadHead(paths->audit_head) : std::nullopt;
    StatusOr<AuditLog> log = AuditLog::Open(paths->audit_log);
    if (!log.ok()) return log.status();
    if (!chain.ok()) {
      return Corrupt("the audit log cannot be checked without its key: " +
                     Message(chain.status()));
    }
    AuditVerifier verifier(*chain);
    std::string end;
    if (noted.has_value()) {
      verifier.Expect(*noted, "an agent");
      end = paths->audit_head;
    }
    if (told.has_value()) {
      verifier.Expect(*told, "the running agent");
      end = "the running agent";
    }
    if (Status read = log->Verify(verifier); !read.ok()) return read;
    if (verifier.finding().has_value()) {
      return Bad(context, *verifier.finding());
    }
    if (end.empty()) return NobodyKnowsTheEnd(context, *paths, verifier);
    return Good(context, verifier, end);
  }

 private:
  // A running agent has the head in its memory, where nobody but root can
  // change it.
  static std::optional<AuditHead> AskAgent(const Context& context,
                                           const Paths& paths) {
    StatusOr<AgentClient> agent = ConnectOnly(paths, context.Caller());
    if (!agent.ok()) return std::nullopt;
    const StatusOr<AgentStatus> status = agent->GetStatus();
    if (!status.ok()) return std::nullopt;
    const auto tag = AuditTagFromHex(status->audit_tag);
    if (status->audit_records == 0 || !tag.has_value()) return std::nullopt;
    return AuditHead{status->audit_records, *tag};
  }

  static std::string_view Word(AuditVerifier::Kind kind) {
    switch (kind) {
      case AuditVerifier::Kind::kChanged:
        return "changed";
      case AuditVerifier::Kind::kMissing:
        return "missing";
      case AuditVerifier::Kind::kOutOfOrder:
        return "out_of_order";
      case AuditVerifier::Kind::kCut:
        break;
    }
    return "cut";
  }

  static Status Bad(const Context& context,
                    const AuditVerifier::Finding& finding) {
    if (context.json) {
      Status written = WriteOut(
          JsonObject()
              .Flag("ok", false)
              .Text("kind", Word(finding.kind))
              .Number("record", static_cast<std::int64_t>(finding.record))
              .Text("file", finding.file)
              .Number("line", static_cast<std::int64_t>(finding.line))
              .Text("text", finding.text)
              .str() +
          "\n");
      if (!written.ok()) return written;
    }
    return Corrupt("the audit log is not as it was written: " + finding.text +
                   " (" + finding.file + ", line " +
                   std::to_string(finding.line) + ")");
  }

  static Status NobodyKnowsTheEnd(const Context& context, const Paths& paths,
                                  const AuditVerifier& verifier) {
    return Bad(
        context,
        {AuditVerifier::Kind::kCut, paths.audit_log, 0,
         verifier.head().sequence + 1,
         "no agent runs and " + paths.audit_head +
             ", which says where the log ends, is gone or changed; what "
             "may have been cut off after record " +
             std::to_string(verifier.head().sequence) + " does not show"});
  }

  static Status Good(const Context& context, const AuditVerifier& verifier,
                     const std::string& end) {
    const auto first = static_cast<std::int64_t>(verifier.first());
    const auto last = static_cast<std::int64_t>(verifier.head().sequence);
    if (context.json) {
      return WriteOut(JsonObject()
                          .Flag("ok", true)
                          .Number("first", first)
                          .Number("last", last)
                          .Text("tag", AuditHex(verifier.head().tag))
                          .Number("cut_lines", static_cast<std::int64_t>(
                                                   verifier.cut_lines()))
                          .Text("end_known_by", end)
                          .str() +
                      "\n");
    }
    std::string text = Count(last - first + 1, "record") + ", " +
                       std::to_string(first) + " to " + std::to_string(last) +
                       ": as they were written, and complete.\n";
    if (verifier.cut_lines() > 0) {
      text += Count(static_cast<std::int64_t>(verifier.cut_lines()), "line") +
              " cut short by a crash.\n";
    }
    return WriteOut(text + "Where the log ends is known by " +
                    Printable(end, kMaxTextBytes) + ".\n");
  }
};

class Who final : public Verb {
 public:
  void Define(CLI::App& app) override {
    app.add_option("NAME", name_, "The credential's name")->required();
  }

  Status Run(Context& context) override {
    StatusOr<AuditLog> log = OpenLog(context);
    if (!log.ok()) return log.status();
    const StatusOr<ReferenceTarget> target = ParseReference(name_);
    if (!target.ok()) return target.status();
    const StatusOr<CredentialName> name = CredentialName::Parse(target->name);
    const std::string wanted =
        Printable(name.ok() ? name->text() : target->name, kMaxTextBytes);
    const Status read = log->ForEach([&](std::string_view line, bool) {
      // Most lines are about something else; do not parse them.
      if (line.find("\"name\":") == std::string_view::npos) return;
      auto record = ParseAuditRecord(line);
      if (record.has_value() && record->name == wanted) {
        Add(*std::move(record));
      }
    });
    if (!read.ok()) return read;
    return WriteOut(context.json ? Json(wanted) + "\n" : Table(wanted));
  }

 private:
  struct Use {
    AuditRecord last;
    std::int64_t times = 0;
  };

  // The same program doing the same is one line.
  void Add(AuditRecord record) {
    const std::string& program =
        record.executable.empty() ? record.process : record.executable;
    Use& use = uses_[{record.verb, record.outcome, record.reason, record.scope,
                      program}];
    use.times += record.count;
    use.last = std::move(record);
  }

  std::vector<const Use*> Sorted() const {
    std::vector<const Use*> sorted;
    for (const auto& [key, use] : uses_) sorted.push_back(&use);
    std::stable_sort(
        sorted.begin(), sorted.end(),
        [](const Use* a, const Use* b) { return a->last.time > b->last.time; });
    return sorted;
  }

  std::string Table(const std::string& name) const {
    if (uses_.empty()) {
      return "The audit log has nothing about " + name + ".\n";
    }
    std::vector<std::vector<std::string>> rows = {
        {"LAST", "TIMES", "WHAT", "OUTCOME", "WHO, THE LAST TIME"}};
    for (const Use* use : Sorted()) {
      rows.push_back({use->last.time, std::to_string(use->times),
                      use->last.verb, OutcomeText(use->last), use->last.Who()});
      for (std::string& cell : rows.back()) {
        cell = Printable(cell, kMaxTextBytes);
      }
    }
    return Columns(rows);
  }

  std::string Json(const std::string& name) const {
    std::vector<JsonObject> items;
    for (const Use* use : Sorted()) {
      items.push_back(JsonObject()
                          .Text("last", use->last.time)
                          .Number("times", use->times)
                          .Text("verb", use->last.verb)
                          .Text("outcome", use->last.outcome)
                          .TextOrNull("reason", use->last.reason)
                          .TextOrNull("process", use->last.process)
                          .TextOrNull("executable", use->last.executable)
                          .TextOrNull("scope", use->last.scope)
                          .Number("pid", use->last.pid));
    }
    return JsonObject().Text("name", name).Raw("uses", JsonArray(items)).str();
  }

  std::string name_;
  std::map<std::tuple<std::string, std::string, std::string, std::string,
                      std::string>,
           Use>
      uses_;
};

}  // namespace

std::unique_ptr<Verb> MakeAuditTail() { return std::make_unique<Tail>(); }
std::unique_ptr<Verb> MakeAuditVerify() { return std::make_unique<Verify>(); }
std::unique_ptr<Verb> MakeAuditWho() { return std::make_unique<Who>(); }

}  // namespace libretto
