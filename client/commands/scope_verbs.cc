// `scope create`, `scope list` and `scope revoke`.
#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/credential_name.h"
#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/shell_lines.h"
#include "client/commands/text.h"
#include "client/commands/verbs.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxPathBytes = 4096;

// "90s", "30m", "8h", "7d".
std::optional<std::chrono::seconds> LifetimeIn(std::string_view text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  constexpr std::int64_t kMaxNumber = 1'000'000'000;
  if (error != std::errc() || end - rest != 1 || number < 1 ||
      number > kMaxNumber) {
    return std::nullopt;
  }
  switch (*rest) {
    case 's':
      return std::chrono::seconds(number);
    case 'm':
      return std::chrono::minutes(number);
    case 'h':
      return std::chrono::hours(number);
    case 'd':
      return std::chrono::hours(24 * number);
    default:
      return std::nullopt;
  }
}

// References are names, too; what a name is, the agent knows.
void TakeNames(std::vector<std::string>& texts) {
  for (std::string& text : texts) text = NameOfReference(text);
}

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ",") + Printable(name);
  }
  return text;
}

JsonObject Json(const Scope& scope) {
  JsonObject json;
  json.Text("name", scope.name)
      .Text("socket", scope.socket)
      .Raw("allow", JsonArray(scope.value_names))
      .Raw("otp", JsonArray(scope.code_names))
      .Flag("use_only", scope.use_only);
  const auto number_or_null = [&json](std::string_view key, std::int64_t number,
                                      bool known) {
    if (known) {
      json.Number(key, number);
    } else {
      json.Raw(key, "null");
    }
  };
  number_or_null("expires_unix_s", scope.expires_unix_s,
                 scope.expires_unix_s != 0);
  number_or_null("pid", scope.pid, scope.pid != 0);
  number_or_null("uid", scope.guest_uid.value_or(0),
                 scope.guest_uid.has_value());
  json.Text("profile", scope.profile).Number("connections", scope.connections);
  return json;
}

class Create final : public Verb {
 public:
  void Define(CLI::App& app) override {
    lines_.Define(app);
    app.add_option("--name", wish_.name, "What to call it")->required();
    app.add_option("--allow", wish_.value_names,
                   "Credentials whose values it answers; a list with commas, "
                   "or repeated")
        ->delimiter(',')
        ->allow_extra_args(false);
    app.add_option("--otp", wish_.code_names,
                   "Credentials whose one-time code it answers, and not the "
                   "seed")
        ->delimiter(',')
        ->allow_extra_args(false);
    app.add_option("--ttl", ttl_, "How long it lives: 90s, 30m, 8h, 7d");
    app.add_flag("--use-only", wish_.use_only,
                 "Values go to commands that `run` starts, and are not shown");
    app.add_option("--uid", wish_.guest_uid,
                   "Let this user in, too: for a container whose user is "
                   "another");
  }

  Status Run(Context& context) override {
    Status usage = lines_.Check(context);
    if (!usage.ok()) return usage;
    if (wish_.name.empty()) return Invalid("--name is empty");
    if (wish_.value_names.empty() && wish_.code_names.empty()) {
      return WithRemedy(
          Invalid("a scope without a credential would answer nothing"),
          "librettoctl scope create --name NAME --allow USERNAME,PASSWORD");
    }
    if (ttl_.has_value()) {
      const auto lifetime = LifetimeIn(*ttl_);
      if (!lifetime.has_value()) {
        return Invalid("--ttl takes a number and s, m, h or d, as in 8h");
      }
      wish_.ttl = *lifetime;
    }
    TakeNames(wish_.value_names);
    TakeNames(wish_.code_names);
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    const StatusOr<Scope> scope = (*agent)->CreateScope(wish_);
    if (!scope.ok()) return scope.status();
    if (context.json) return WriteOut(Json(*scope).str() + "\n");
    return WriteOut(lines_.wanted()
                        ? lines_.Set(scope->socket)
                        : Printable(scope->socket, kMaxPathBytes) + "\n");
  }

 private:
  ScopeWish wish_;
  std::optional<std::string> ttl_;
  ShellLines lines_;
};

class List final : public Verb {
 public:
  void Define(CLI::App& /*app*/) override {}

  Status Run(Context& context) override {
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    const StatusOr<std::vector<Scope>> scopes = (*agent)->ListScopes();
    if (!scopes.ok()) return scopes.status();
    if (context.json) {
      std::vector<JsonObject> items;
      for (const Scope& scope : *scopes) items.push_back(Json(scope));
      return WriteOut(JsonObject().Raw("scopes", JsonArray(items)).str() +
                      "\n");
    }
    if (scopes->empty()) return WriteOut("No scopes.\n");
    std::vector<std::vector<std::string>> rows;
    for (const Scope& scope : *scopes) {
      rows.push_back({Printable(scope.name), Names(scope), Marks(scope),
                      Printable(scope.socket, kMaxPathBytes)});
    }
    return WriteOut(Columns(rows));
  }

 private:
  static std::string Names(const Scope& scope) {
    std::string names = Joined(scope.value_names);
    if (scope.code_names.empty()) return names;
    if (!names.empty()) names += ' ';
    return names + "otp:" + Joined(scope.code_names);
  }

  static std::string Marks(const Scope& scope) {
    std::string marks;
    const auto add = [&marks](const std::string& mark) {
      marks += (marks.empty() ? "" : ", ") + mark;
    };
    if (scope.use_only) add("use only");
    if (scope.pid != 0) add("ends with process " + std::to_string(scope.pid));
    if (scope.expires_unix_s != 0) {
      const std::int64_t now =
          std::chrono::system_clock::to_time_t(SystemClock().WallNow());
      add("ends in " +
          Duration(std::max<std::int64_t>(0, scope.expires_unix_s - now)));
    }
    if (scope.guest_uid.has_value()) {
      add("uid " + std::to_string(*scope.guest_uid));
    }
    if (scope.profile != "default") add("profile " + Printable(scope.profile));
    return marks;
  }
};

class Revoke final : public Verb {
 public:
  void Define(CLI::App& app) override {
    app.add_option("NAME", name_, "The scope's name")->required();
  }

  Status Run(Context& context) override {
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    const StatusOr<std::string> name = (*agent)->RevokeScope(name_);
    if (!name.ok()) return name.status();
    if (context.json) {
      return WriteOut(JsonObject().Text("name", *name).str() + "\n");
    }
    Note("The scope " + Printable(*name) + " has ended.");
    return OkStatus();
  }

 private:
  std::string name_;
};

}  // namespace

std::unique_ptr<Verb> MakeScopeCreate() { return std::make_unique<Create>(); }
std::unique_ptr<Verb> MakeScopeList() { return std::make_unique<List>(); }
std::unique_ptr<Verb> MakeScopeRevoke() { return std::make_unique<Revoke>(); }

}  // namespace libretto
