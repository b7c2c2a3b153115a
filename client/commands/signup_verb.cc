#include <utility>

#include <CLI/CLI.hpp>

#include "client/commands/browser_login.h"
#include "client/commands/input.h"
#include "client/commands/new_session.h"
#include "client/commands/output.h"
#include "client/commands/terminal.h"
#include "client/commands/text.h"
#include "client/commands/verbs.h"

namespace libretto {
namespace {

constexpr std::string_view kSlugTaken = "slug_taken";
constexpr std::string_view kEmailTaken = "email_taken";

class Signup final : public Verb {
 public:
  void Define(CLI::App& app) override {
    CLI::Option* const browser = browser_.Define(app);
    for (CLI::Option* const option : {
             app.add_option("--name", name_, "Your name"),
             app.add_option("--email", email_, "Your e-mail address"),
             app.add_flag("--password-stdin", password_from_stdin_,
                          "Read the password (8 to 128 characters) from "
                          "standard input"),
             app.add_option("--organization", organization_,
                            "The organisation's name"),
             app.add_option(
                 "--slug", slug_,
                 "The organisation's short name (default: from its name)"),
             app.add_option("--alert-email", alert_email_,
                            "Where alerts go (default: your address)"),
             app.add_flag("--no-wait", no_wait_, std::string(kNoWaitHelp)),
         }) {
      option->excludes(browser);
    }
  }

  Status Run(Context& context) override {
    if (browser_.chosen) {
      const StatusOr<SignedIn> signed_in =
          LogInThroughBrowser(context, BrowserPage::kSignUp, browser_);
      if (!signed_in.ok()) return signed_in.status();
      return PrintLogin(context, *signed_in);
    }
    StatusOr<SignUpForm> form = FillIn();
    if (!form.ok()) return form.status();
    const StatusOr<AgentClient*> agent = context.Agent(Context::Key::kIgnored);
    if (!agent.ok()) return agent.status();
    StatusOr<SignedIn> account = SignUp(**agent, *form);
    if (!account.ok()) return WithAdvice(account.status());
    return FinishNewAccount(context, **agent, *std::move(account), no_wait_);
  }

 private:
  // Asks for what no flag gave. With a terminal also for what has a default.
  StatusOr<SignUpForm> FillIn() const {
    SignUpForm form;
    const struct {
      std::string& field;
      const std::string& given;
      std::string_view flag;
      std::string_view prompt;
    } required[] = {
        {form.name, name_, "--name", "Name"},
        {form.email, email_, "--email", "E-mail"},
        {form.organization_name, organization_, "--organization",
         "Organisation"},
    };
    for (const auto& item : required) {
      StatusOr<std::string> answer =
          FlagOrAsk(item.given, item.flag, item.prompt);
      if (!answer.ok()) return answer.status();
      item.field = *std::move(answer);
      if (item.flag != "--email") continue;
      StatusOr<SecretBytes> password = ReadPassword(password_from_stdin_);
      if (!password.ok()) return password.status();
      form.password = *std::move(password);
    }
    Status defaults = FillInDefaults(form);
    if (!defaults.ok()) return defaults;
    return form;
  }

  Status FillInDefaults(SignUpForm& form) const {
    std::optional<Terminal> terminal = Terminal::Open();
    const auto choose =
        [&terminal](const std::string& given, std::string_view prompt,
                    const std::string& otherwise) -> StatusOr<std::string> {
      if (!given.empty()) return given;
      if (!terminal.has_value()) return otherwise;
      return terminal->Ask(prompt, otherwise);
    };
    StatusOr<std::string> slug =
        choose(slug_, "Slug", Slugify(form.organization_name));
    if (!slug.ok()) return slug.status();
    if (slug->empty()) {
      return Invalid(
          "--slug is missing: the organisation's name has no "
          "letters or digits to make one of");
    }
    form.organization_slug = *std::move(slug);
    StatusOr<std::string> alert =
        choose(alert_email_, "Alert e-mail", form.email);
    if (!alert.ok()) return alert.status();
    form.alert_email = *std::move(alert);
    return OkStatus();
  }

  static Status WithAdvice(const Status& status) {
    if (ReasonOf(status) != kEmailTaken) return status;
    return WithRemedy(
        status,
        "librettoctl cloud auth login, or forgot-password if the password is "
        "lost; delete-account, once logged in, sets the address free");
  }

  // A slug that somebody has is asked for again; the rest is kept.
  static StatusOr<SignedIn> SignUp(AgentClient& agent, SignUpForm& form) {
    for (;;) {
      StatusOr<SignedIn> account = agent.SignUp(form);
      if (account.ok() || ReasonOf(account.status()) != kSlugTaken) {
        return account;
      }
      std::optional<Terminal> terminal = Terminal::Open();
      if (!terminal.has_value()) {
        return WithRemedy(account.status(), "another --slug");
      }
      PrintError(account.status());
      StatusOr<std::string> slug = terminal->Ask("Slug");
      if (!slug.ok()) return slug.status();
      form.organization_slug = *std::move(slug);
    }
  }

  BrowserOptions browser_;
  std::string name_;
  std::string email_;
  std::string organization_;
  std::string slug_;
  std::string alert_email_;
  bool password_from_stdin_ = false;
  bool no_wait_ = false;
};

}  // namespace

std::unique_ptr<Verb> MakeSignup() { return std::make_unique<Signup>(); }

}  // namespace libretto
