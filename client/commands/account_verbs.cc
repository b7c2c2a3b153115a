#include <utility>

#include <CLI/CLI.hpp>

#include "base/credential_name.h"
#include "client/commands/input.h"
#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/verbs.h"

namespace libretto {
namespace {

class ForgotPassword final : public Verb {
 public:
  void Define(CLI::App& app) override {
    app.add_option("--email", email_, "The account's e-mail address");
  }

  Status Run(Context& context) override {
    const StatusOr<std::string> email = FlagOrAsk(email_, "--email", "E-mail");
    if (!email.ok()) return email.status();
    const StatusOr<AgentClient*> agent = context.Agent(Context::Key::kIgnored);
    if (!agent.ok()) return agent.status();
    const StatusOr<bool> sent = (*agent)->ForgotPassword(*email);
    if (!sent.ok()) return sent.status();
    if (context.json) {
      return WriteOut(
          JsonObject().Text("email", *email).Flag("sent", *sent).str() + "\n");
    }
    if (!*sent) {
      return WriteOut("No Libretto account exists for " + Printable(*email) +
                      ".\n");
    }
    Status written =
        WriteOut("Password reset link sent to " + Printable(*email) + ".\n");
    if (written.ok()) {
      Note(
          "Follow it, choose a new password, then: librettoctl cloud auth "
          "login");
    }
    return written;
  }

 private:
  std::string email_;
};

class DeleteAccount final : public Verb {
 public:
  void Define(CLI::App& app) override {
    CLI::Option* const email =
        app.add_option("--email", email_, "The account's e-mail address");
    CLI::Option* const yes =
        app.add_flag("--yes", yes_, "Do not ask to type the address again");
    email->needs(yes);
    yes->needs(email);
  }

  Status Run(Context& context) override {
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    const StatusOr<Identity> who = (*agent)->WhoAmI(/*check=*/true);
    if (!who.ok()) return who.status();
    if (Status deletable = CheckDeletable(*who); !deletable.ok()) {
      return deletable;
    }
    Note(Warning(*who));
    const StatusOr<std::string> email = FlagOrAsk(
        email_, "--email ADDRESS --yes", "Type the address again to confirm");
    if (!email.ok()) return email.status();
    if (*email != who->email) {
      return Invalid(
          "that is not the address of who is logged in; nothing "
          "has been deleted");
    }
    const StatusOr<std::string> deleted = (*agent)->DeleteAccount(*email);
    if (!deleted.ok()) return deleted.status();
    return Print(context, *deleted);
  }

 private:
  static Status CheckDeletable(const Identity& who) {
    switch (who.source) {
      case Identity::Source::kSession:
        return OkStatus();
      case Identity::Source::kEnvironment:
        return WithRemedy(
            Denied("LIBRETTO_API_KEY is in use, and an API key cannot delete "
                   "an account"),
            "again without LIBRETTO_API_KEY");
      default:
        return WithRemedy(Unauthenticated("nobody is logged in"),
                          "librettoctl cloud auth login");
    }
  }

  static std::string Warning(const Identity& who) {
    std::string text = "This deletes the account " + Printable(who.email) +
                       " at " + Printable(who.api_url) + " for good.";
    if (!who.organization_slug.empty()) {
      text += "\nIt belongs to " + Printable(who.organization_name) + " (" +
              Printable(who.organization_slug) + ").";
    }
    return text;
  }

  static Status Print(const Context& context, const std::string& email) {
    if (context.json) {
      return WriteOut(JsonObject().Text("email", email).str() + "\n");
    }
    Status written = WriteOut("Account " + Printable(email) + " deleted.\n");
    if (written.ok()) {
      Note(
          "The address is free again: to join somebody's organisation, use "
          "\"librettoctl cloud auth accept-invite\" with a new invitation; "
          "for an organisation of your own, \"librettoctl cloud auth "
          "signup\".");
    }
    return written;
  }

  std::string email_;
  bool yes_ = false;
};

}  // namespace

std::unique_ptr<Verb> MakeForgotPassword() {
  return std::make_unique<ForgotPassword>();
}
std::unique_ptr<Verb> MakeDeleteAccount() {
  return std::make_unique<DeleteAccount>();
}

}  // namespace libretto
