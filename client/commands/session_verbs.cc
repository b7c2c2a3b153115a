#include <utility>

#include <CLI/CLI.hpp>

#include "base/credential_name.h"
#include "client/commands/browser_login.h"
#include "client/commands/input.h"
#include "client/commands/json_object.h"
#include "client/commands/new_session.h"
#include "client/commands/output.h"
#include "client/commands/text.h"
#include "client/commands/verbs.h"

namespace libretto {
namespace {

class Login final : public Verb {
 public:
  void Define(CLI::App& app) override {
    CLI::Option* const browser = browser_.Define(app);
    app.add_option("--email", email_, "The account's e-mail address")
        ->excludes(browser);
    app.add_flag("--password-stdin", password_from_stdin_,
                 "Read the password from standard input")
        ->excludes(browser);
  }

  Status Run(Context& context) override {
    const StatusOr<SignedIn> signed_in =
        browser_.chosen
            ? LogInThroughBrowser(context, BrowserPage::kSignIn, browser_)
            : LogIn(context);
    if (!signed_in.ok()) return signed_in.status();
    if (!signed_in->email_verified && !context.json) {
      const std::string email = Printable(signed_in->email);
      Note("Heads up: " + email + " is not verified yet." +
           (browser_.chosen ? ""
                            : " Verification email sent to " + email + "."));
    }
    return PrintLogin(context, *signed_in);
  }

 private:
  StatusOr<SignedIn> LogIn(Context& context) const {
    LoginForm form;
    StatusOr<std::string> email = FlagOrAsk(email_, "--email", "E-mail");
    if (!email.ok()) return email.status();
    form.email = *std::move(email);
    StatusOr<SecretBytes> password = ReadPassword(password_from_stdin_);
    if (!password.ok()) return password.status();
    form.password = *std::move(password);
    const StatusOr<AgentClient*> agent = context.Agent(Context::Key::kIgnored);
    if (!agent.ok()) return agent.status();
    StatusOr<SignedIn> signed_in = (*agent)->Login(form);
    if (signed_in.status().code() != StatusCode::kUnauthenticated) {
      return signed_in;
    }
    // The cloud does not tell which, so that nobody can find out who has an
    // account.
    return WithRemedy(
        Unauthenticated("the e-mail address or the password is wrong"),
        "librettoctl cloud auth forgot-password, if it is lost");
  }

  BrowserOptions browser_;
  std::string email_;
  bool password_from_stdin_ = false;
};

class Logout final : public Verb {
 public:
  void Define(CLI::App& /*app*/) override {}

  Status Run(Context& context) override {
    const StatusOr<AgentClient*> agent = context.Agent(Context::Key::kIgnored);
    if (!agent.ok()) return agent.status();
    const StatusOr<LoggedOut> out = (*agent)->Logout();
    if (!out.ok()) return out.status();
    if (context.json) {
      return WriteOut(JsonObject()
                          .Flag("was_signed_in", out->was_signed_in)
                          .Raw("not_revoked", JsonArray(out->not_revoked))
                          .str() +
                      "\n");
    }
    for (const std::string& left : out->not_revoked) {
      Note("Not revoked: " + Printable(left, 1024));
    }
    return WriteOut(out->was_signed_in ? "Logged out.\n"
                                       : "Nobody was logged in.\n");
  }
};

class WhoAmI final : public Verb {
 public:
  void Define(CLI::App& app) override {
    app.add_flag("--offline", offline_, "Do not ask the cloud");
  }

  Status Run(Context& context) override {
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    const StatusOr<Identity> who = (*agent)->WhoAmI(!offline_);
    if (!who.ok()) return who.status();
    const bool nobody = who->source == Identity::Source::kNobody;
    if (context.json || !nobody) {
      const bool own_key = !context.Caller().api_key.empty();
      Status written =
          WriteOut(context.json ? Json(*who) + "\n" : Human(*who, own_key));
      if (!written.ok()) return written;
    }
    if (!nobody) return OkStatus();
    return WithRemedy(Unauthenticated("nobody is logged in"),
                      "librettoctl cloud auth login");
  }

 private:
  static std::string_view SourceWord(Identity::Source source) {
    switch (source) {
      case Identity::Source::kSession:
        return "session";
      case Identity::Source::kEnvironment:
        return "LIBRETTO_API_KEY";
      default:
        return "nobody";
    }
  }

  static std::string Json(const Identity& who) {
    JsonObject json;
    json.Text("source", SourceWord(who.source))
        .TextOrNull("email", who.email)
        .TextOrNull("user_id", who.user_id)
        .TextOrNull("api_url", who.api_url)
        .TextOrNull("organization_name", who.organization_name)
        .TextOrNull("organization_slug", who.organization_slug)
        .TextOrNull("expires_at", who.expires_at)
        .TextOrNull("session_file", who.session_file)
        .Flag("checked", who.checked);
    if (who.checked) json.Flag("email_verified", who.email_verified);
    return json.str();
  }

  static std::string SourceText(const Identity& who, bool own_key) {
    if (who.source == Identity::Source::kSession) {
      return "session in " + who.session_file;
    }
    return own_key ? "LIBRETTO_API_KEY of this command's environment"
                   : "LIBRETTO_API_KEY of the agent's environment";
  }

  static std::string Human(const Identity& who, bool own_key) {
    std::vector<std::vector<std::string>> rows;
    const auto add = [&rows](std::string label, std::string_view value) {
      if (!value.empty()) {
        rows.push_back({std::move(label), Printable(value, 1024)});
      }
    };
    add("account", who.email);
    add("user id", who.user_id);
    add("source", SourceText(who, own_key));
    if (!who.organization_slug.empty()) {
      add("organisation",
          who.organization_name + " (" + who.organization_slug + ")");
    }
    add("cloud", who.api_url);
    add("expires", who.expires_at);
    add("checked", who.checked ? "yes, the cloud agrees" : "no");
    if (who.checked)
      add("e-mail", who.email_verified ? "verified" : "unverified");
    return Columns(rows);
  }

  bool offline_ = false;
};

}  // namespace

std::unique_ptr<Verb> MakeLogin() { return std::make_unique<Login>(); }
std::unique_ptr<Verb> MakeLogout() { return std::make_unique<Logout>(); }
std::unique_ptr<Verb> MakeWhoAmI() { return std::make_unique<WhoAmI>(); }

}  // namespace libretto
