#include <optional>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/credential_name.h"
#include "client/commands/freshness.h"
#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/text.h"
#include "client/commands/verbs.h"

namespace libretto {
namespace {

StatusOr<SecretBytes> AsJson(const Credential& credential) {
  const std::string_view value = credential.value.Reveal();
  if (!IsUtf8(value)) {
    return Invalid(
        "the value is not UTF-8, which JSON cannot hold; print it "
        "without --json");
  }
  std::string text =
      JsonObject()
          .Text("name", credential.name)
          .Text("value", value)
          .Text("source", SourceWord(credential.source))
          .Number("age_ms", credential.age.count())
          .Number("generation",
                  static_cast<std::int64_t>(credential.generation))
          .str();
  text += '\n';
  return SecretBytes::Take(std::move(text));
}

SecretBytes WithNewline(const SecretBytes& value) {
  SecretBytes line(value.size() + 1);
  line.RevealMutable()[value.Reveal().copy(line.RevealMutable(),
                                           value.size())] = '\n';
  return line;
}

// `cloud credentials get NAME` and `read REFERENCE`.
class Read final : public Verb {
 public:
  Read(std::string_view argument, std::string_view explanation)
      : argument_(argument), explanation_(explanation) {}

  void Define(CLI::App& app) override {
    app.add_option(argument_, reference_, explanation_)->required();
    app.add_flag("-n", no_newline_, "Print no newline after the value");
    app.add_flag("--otp", one_time_code_,
                 "The one-time code of this moment, for a value that is its "
                 "seed: base32 or an otpauth:// URI");
    app.add_option("--out-file", out_file_,
                   "Write to this file instead, for its owner alone to read");
    freshness_.Define(app);
  }

  Status Run(Context& context) override {
    StatusOr<ReferenceTarget> target = ParseReference(reference_);
    if (!target.ok()) return target.status();
    if (Status usage = freshness_.Check(); !usage.ok()) return usage;
    if (one_time_code_) target->one_time_code = true;
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    StatusOr<Credential> credential =
        (*agent)->Get(*target, freshness_.wanted());
    if (!credential.ok()) return credential.status();
    StaleValues stale;
    stale.See(*credential);
    stale.Report();
    const StatusOr<SecretBytes> output = OutputFor(context, *credential);
    if (!output.ok()) return output.status();
    return out_file_.has_value()
               ? WritePrivateFile(*out_file_, output->Reveal())
               : WriteOut(output->Reveal());
  }

 private:
  // In one piece, so that a reader of the pipe gets it in one.
  StatusOr<SecretBytes> OutputFor(const Context& context,
                                  Credential& credential) const {
    if (context.json) return AsJson(credential);
    return no_newline_ ? std::move(credential.value)
                       : WithNewline(credential.value);
  }

  const std::string argument_;
  const std::string explanation_;
  std::string reference_;
  FreshnessOptions freshness_;
  std::optional<std::string> out_file_;
  bool no_newline_ = false;
  bool one_time_code_ = false;
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
  return std::make_unique<Read>(
      "REFERENCE", "libretto://NAME, libretto://NAME?attribute=otp, or NAME");
}
std::unique_ptr<Verb> MakeList() { return std::make_unique<List>(); }

}  // namespace libretto
