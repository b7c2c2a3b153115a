#include <unistd.h>

#include <chrono>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/credential_name.h"
#include "base/deadline.h"
#include "client/commands/input.h"
#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/pause.h"
#include "client/commands/terminal.h"
#include "client/commands/text.h"
#include "client/commands/verbs.h"
#include "client/transport/unreachable.h"

namespace libretto {
namespace {

// As the public command has it (contract 1.6).
constexpr std::chrono::seconds kPollEvery(4);
constexpr std::chrono::minutes kPollFor(10);
constexpr std::string_view kSlugTaken = "slug_taken";

class Signup final : public Verb {
 public:
  void Define(CLI::App& app) override {
    app.add_option("--name", name_, "Your name");
    app.add_option("--email", email_, "Your e-mail address");
    app.add_flag("--password-stdin", password_from_stdin_,
                 "Read the password (8 to 128 characters) from standard input");
    app.add_option("--organization", organization_, "The organisation's name");
    app.add_option("--slug", slug_,
                   "The organisation's short name (default: from its name)");
    app.add_option("--alert-email", alert_email_,
                   "Where alerts go (default: your address)");
    app.add_flag("--no-wait", no_wait_,
                 "Do not wait until the e-mail address is verified");
  }

  Status Run(Context& context) override {
    StatusOr<SignUpForm> form = FillIn();
    if (!form.ok()) return form.status();
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    StatusOr<SignedIn> account = SignUp(**agent, *form);
    if (!account.ok()) return account.status();
    if (!context.json) {
      Note("Account created. Verification email sent to " +
           Printable(account->email) + ".");
    }
    if (!account->email_verified && !no_wait_) {
      const StatusOr<bool> verified = WaitForVerification(**agent);
      if (!verified.ok()) return verified.status();
      account->email_verified = *verified;
    }
    return Print(context, *account);
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

  // The session is stored already: an interruption loses nothing.
  static StatusOr<bool> WaitForVerification(AgentClient& agent) {
    const bool alive = isatty(STDERR_FILENO) == 1;
    Note(
        "Waiting until the link in it has been followed (Ctrl-C stops the "
        "waiting and loses nothing).");
    const Deadline deadline = In(kPollFor);
    while (Remaining(deadline).count() > 0) {
      Pause(kPollEvery);
      if (alive) WriteErr(".");
      const StatusOr<Identity> who = agent.WhoAmI(/*check=*/true);
      const bool verified = who.ok() && who->email_verified;
      const bool lost = !who.ok() && IsUnreachable(who.status());
      if (!verified && !lost) continue;  // a cloud that hiccups may recover
      if (alive) WriteErr("\n");
      if (lost) return who.status();
      return true;
    }
    if (alive) WriteErr("\n");
    return false;
  }

  static Status Print(const Context& context, const SignedIn& account) {
    if (context.json) {
      return WriteOut(JsonObject()
                          .Text("email", account.email)
                          .Text("organization_slug", account.organization_slug)
                          .Flag("email_verified", account.email_verified)
                          .Text("session_file", account.session_file)
                          .str() +
                      "\n");
    }
    std::string text =
        account.email_verified
            ? "Email verified. You're logged in.\n"
            : "You're logged in. The address is not verified yet: follow the "
              "link in the mail.\n";
    text += "Session saved to " + Printable(account.session_file, 4096) + "\n";
    return WriteOut(text);
  }

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
