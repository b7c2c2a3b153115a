#include <utility>

#include <CLI/CLI.hpp>

#include "base/credential_name.h"
#include "client/commands/input.h"
#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/verbs.h"

namespace libretto {
namespace {

class Issue final : public Verb {
 public:
  void Define(CLI::App& app) override {
    app.add_option("--label", label_,
                   "What the key is for, at most 32 characters");
  }

  Status Run(Context& context) override {
    const StatusOr<std::string> label = FlagOrAsk(label_, "--label", "Label");
    if (!label.ok()) return label.status();
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    const StatusOr<IssuedKey> key = (*agent)->IssueApiKey(*label);
    if (!key.ok()) return key.status();
    std::string text = context.json ? Json(*key) : Human(*key);
    Status written = WriteOut(text);
    WipeString(text);
    if (written.ok() && !context.json) {
      Note(
          "The key is shown this once and kept nowhere. Give it as "
          "LIBRETTO_API_KEY to the program that needs it, from your CI's "
          "secret store for example; this machine needs neither the key nor a "
          ".env file: here the login is enough.");
    }
    return written;
  }

 private:
  static std::string Json(const IssuedKey& key) {
    return JsonObject()
               .Text("id", key.id)
               .Text("label", key.label)
               .Text("key", key.text.Reveal())
               .str() +
           "\n";
  }

  static std::string Human(const IssuedKey& key) {
    return "API key " + Printable(key.id) + " issued for " +
           Printable(key.label) + ".\n" + Printable(key.text.Reveal(), 1024) +
           "\n";
  }

  std::string label_;
};

class ListKeys final : public Verb {
 public:
  void Define(CLI::App& /*app*/) override {}

  Status Run(Context& context) override {
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    const StatusOr<std::vector<KeyMetadata>> keys = (*agent)->ListApiKeys();
    if (!keys.ok()) return keys.status();
    if (context.json) return WriteOut(Json(*keys) + "\n");
    std::string text;
    for (const KeyMetadata& key : *keys) text += Line(key) + "\n";
    return WriteOut(text.empty() ? "No API keys.\n" : text);
  }

 private:
  // The public command's line (contract 1.6), and a mark behind it.
  static std::string Line(const KeyMetadata& key) {
    std::string line =
        Printable(key.id) + "  " +
        (key.label.empty() ? "(unnamed)" : Printable(key.label)) + "  " +
        Printable(key.start) + "\u2026  created " + Printable(key.created_at);
    if (!key.enabled) line += " [disabled]";
    if (!key.last_request.empty()) {
      line += " last-used " + Printable(key.last_request);
    }
    if (key.leased) line += " [this agent's own]";
    return line;
  }

  static std::string Json(const std::vector<KeyMetadata>& keys) {
    std::vector<JsonObject> objects;
    objects.reserve(keys.size());
    for (const KeyMetadata& key : keys) {
      JsonObject& object = objects.emplace_back();
      object.Text("id", key.id)
          .TextOrNull("label", key.label)
          .Text("start", key.start)
          .Flag("enabled", key.enabled)
          .Text("created_at", key.created_at)
          .TextOrNull("last_request", key.last_request)
          .TextOrNull("expires_at", key.expires_at)
          .Flag("leased", key.leased);
    }
    return JsonObject().Raw("keys", JsonArray(objects)).str();
  }
};

class RevokeKey final : public Verb {
 public:
  void Define(CLI::App& app) override {
    app.add_option("ID", id_, "The key's id, from `list`")->required();
  }

  Status Run(Context& context) override {
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    const StatusOr<bool> was_leased = (*agent)->RevokeApiKey(id_);
    if (!was_leased.ok()) return was_leased.status();
    if (context.json) {
      return WriteOut(
          JsonObject().Text("id", id_).Flag("was_leased", *was_leased).str() +
          "\n");
    }
    Status written = WriteOut("API key " + Printable(id_) + " revoked.\n");
    if (written.ok()) {
      Note(*was_leased ? "It was the agent's own; the agent mints another "
                         "when it needs one."
                       : "Programs that still use it are refused from now on.");
    }
    return written;
  }

 private:
  std::string id_;
};

}  // namespace

std::unique_ptr<Verb> MakeIssueKey() { return std::make_unique<Issue>(); }
std::unique_ptr<Verb> MakeListKeys() { return std::make_unique<ListKeys>(); }
std::unique_ptr<Verb> MakeRevokeKey() { return std::make_unique<RevokeKey>(); }

}  // namespace libretto
