#include <utility>

#include <CLI/CLI.hpp>

#include "base/credential_name.h"
#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/text.h"
#include "client/commands/verbs.h"

namespace libretto {
namespace {

std::string_view SourceWord(Credential::Source source) {
  switch (source) {
    case Credential::Source::kMemory:
      return "memory";
    case Credential::Source::kStale:
      return "stale";
    default:
      return "cloud";
  }
}

Status PrintJson(const Credential& credential) {
  const std::string_view value = credential.value.Reveal();
  if (!IsUtf8(value)) {
    return Invalid(
        "the value is not UTF-8, which JSON cannot hold; print it "
        "without --json");
  }
  std::string text = JsonObject()
                         .Text("name", credential.name)
                         .Text("value", value)
                         .Text("source", SourceWord(credential.source))
                         .Number("age_ms", credential.age.count())
                         .str();
  text += '\n';
  Status written = WriteOut(text);
  WipeString(text);
  return written;
}

// `cloud credentials get NAME` and `read REFERENCE`.
class Read final : public Verb {
 public:
  Read(std::string_view argument, std::string_view explanation)
      : argument_(argument), explanation_(explanation) {}

  void Define(CLI::App& app) override {
    app.add_option(argument_, reference_, explanation_)->required();
    app.add_flag("-n", no_newline_, "Print no newline after the value");
  }

  Status Run(Context& context) override {
    const std::string_view name = NameOfReference(reference_);
    if (name.empty()) {
      return Invalid("the reference names no credential: libretto://NAME");
    }
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    const StatusOr<Credential> credential = (*agent)->Get(std::string(name));
    if (!credential.ok()) return credential.status();
    if (credential->source == Credential::Source::kStale) {
      Note("librettoctl: the cloud is unreachable; this value was confirmed " +
           Duration(credential->age.count() / 1000) + " ago");
    }
    if (context.json) return PrintJson(*credential);
    if (no_newline_) return WriteOut(credential->value.Reveal());
    // In one piece, so that a reader of the pipe gets it in one.
    SecretBytes line(credential->value.size() + 1);
    line.RevealMutable()[credential->value.Reveal().copy(
        line.RevealMutable(), credential->value.size())] = '\n';
    return WriteOut(line.Reveal());
  }

 private:
  const std::string argument_;
  const std::string explanation_;
  std::string reference_;
  bool no_newline_ = false;
};

class List final : public Verb {
 public:
  void Define(CLI::App& /*app*/) override {}

  Status Run(Context& context) override {
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    const StatusOr<CredentialList> list = (*agent)->List();
    if (!list.ok()) return list.status();
    if (list->stale) {
      Note("librettoctl: the cloud is unreachable; this is its last word");
    }
    return WriteOut(context.json ? Json(*list) + "\n" : Table(*list));
  }

 private:
  static std::string Json(const CredentialList& list) {
    std::vector<JsonObject> items;
    for (const CredentialMetadata& credential : list.credentials) {
      items.push_back(JsonObject()
                          .Text("id", credential.id)
                          .Text("name", credential.name)
                          .TextOrNull("created_at", credential.created_at)
                          .TextOrNull("updated_at", credential.updated_at)
                          .Flag("follows_rule", credential.follows_rule)
                          .Flag("cached", credential.cached));
    }
    return JsonObject()
        .Raw("credentials", JsonArray(items))
        .Flag("stale", list.stale)
        .str();
  }

  static std::string Table(const CredentialList& list) {
    if (list.credentials.empty()) return "No credentials.\n";
    std::vector<std::vector<std::string>> rows;
    for (const CredentialMetadata& credential : list.credentials) {
      std::string marks = credential.cached ? "cached" : "";
      if (!credential.follows_rule) {
        marks += marks.empty() ? "" : ", ";
        marks += "breaks the name rule";
      }
      rows.push_back({Printable(credential.name),
                      Printable(credential.updated_at), std::move(marks)});
    }
    return Columns(rows);
  }
};

}  // namespace

std::unique_ptr<Verb> MakeGet() {
  return std::make_unique<Read>("NAME", "The credential's name");
}
std::unique_ptr<Verb> MakeRead() {
  return std::make_unique<Read>("REFERENCE", "libretto://NAME, or NAME");
}
std::unique_ptr<Verb> MakeList() { return std::make_unique<List>(); }

}  // namespace libretto
