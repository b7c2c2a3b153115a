#include <utility>

#include <CLI/CLI.hpp>

#include "base/credential_name.h"
#include "client/commands/input.h"
#include "client/commands/json_object.h"
#include "client/commands/new_session.h"
#include "client/commands/output.h"
#include "client/commands/text.h"
#include "client/commands/verbs.h"
#include "client/commands/website.h"

namespace libretto {
namespace {

constexpr std::string_view kAccountNeeded = "account_needed";

class Invite final : public Verb {
 public:
  void Define(CLI::App& app) override {
    app.add_option("EMAIL", email_, "Whom to invite")->required();
    app.add_option("--role", role_, "member, admin or owner")
        ->check(CLI::IsMember({"member", "admin", "owner"}))
        ->capture_default_str();
  }

  Status Run(Context& context) override {
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    // Which cloud it is, for the page: the login's, not this terminal's.
    const StatusOr<Identity> who = (*agent)->WhoAmI(/*check=*/false);
    if (!who.ok()) return who.status();
    if (const auto site = PageUrl(who->api_url, "", {}); !site.ok()) {
      return site.status();
    }
    const StatusOr<Invitation> invitation = (*agent)->Invite(email_, role_);
    if (!invitation.ok()) return invitation.status();
    const StatusOr<std::string> page =
        PageUrl(who->api_url, "/invite",
                {{"tenantSlug", invitation->organization_slug},
                 {"invitationId", invitation->id},
                 {"accept", "1"}});
    if (!page.ok()) return page.status();
    return WriteOut(context.json ? Json(*invitation, *page) + "\n"
                                 : Human(*invitation, *page));
  }

 private:
  static std::string CommandFor(const Invitation& invitation) {
    return "librettoctl cloud auth accept-invite " +
           invitation.organization_slug + " " + invitation.id;
  }

  static std::string Json(const Invitation& invitation,
                          const std::string& page) {
    return JsonObject()
        .Text("id", invitation.id)
        .Text("email", invitation.email)
        .Text("role", invitation.role)
        .Text("organization_name", invitation.organization_name)
        .Text("organization_slug", invitation.organization_slug)
        .TextOrNull("expires_at", invitation.expires_at)
        .Text("command", CommandFor(invitation))
        .Text("page", page)
        .str();
  }

  static std::string Human(const Invitation& invitation,
                           const std::string& page) {
    constexpr std::size_t kMaxUrlBytes = 4096;
    const std::string organization = invitation.organization_name + " (" +
                                     invitation.organization_slug + ")";
    return Columns({{"invited", Printable(invitation.email) + ", as " +
                                    Printable(invitation.role)},
                    {"invitation", Printable(invitation.id)},
                    {"organisation", Printable(organization)},
                    {"expires", Printable(invitation.expires_at)},
                    {"they type", Printable(CommandFor(invitation), 1024)},
                    {"or open", Printable(page, kMaxUrlBytes)}});
  }

  std::string email_;
  std::string role_ = "member";
};

class AcceptInvite final : public Verb {
 public:
  void Define(CLI::App& app) override {
    app.add_option("SLUG", answer_.organization_slug,
                   "The organisation's short name, from the invitation")
        ->required();
    app.add_option("ID", answer_.invitation_id, "The invitation's id")
        ->required();
    app.add_option("--name", name_, "Your name, for a new account");
    app.add_flag("--password-stdin", password_from_stdin_,
                 "Read the new account's password (8 to 128 characters) from "
                 "standard input");
    app.add_flag("--no-wait", no_wait_, std::string(kNoWaitHelp));
  }

  Status Run(Context& context) override {
    const StatusOr<AgentClient*> agent = context.Agent();
    if (!agent.ok()) return agent.status();
    StatusOr<Joined> joined = (*agent)->AcceptInvite(answer_);
    if (ReasonOf(joined.status()) == kAccountNeeded) {
      if (Status asked = AskForAccount(); !asked.ok()) return asked;
      joined = (*agent)->AcceptInvite(answer_);
    }
    if (!joined.ok()) return WithAdvice(joined.status());
    if (joined->account_created) {
      return FinishNewAccount(context, **agent, std::move(joined->account),
                              no_wait_);
    }
    return Print(context, *joined);
  }

 private:
  Status AskForAccount() {
    StatusOr<std::string> name = FlagOrAsk(name_, "--name", "Name");
    if (!name.ok()) return name.status();
    StatusOr<SecretBytes> password = ReadPassword(password_from_stdin_);
    if (!password.ok()) return password.status();
    answer_.name = *std::move(name);
    answer_.password = *std::move(password);
    return OkStatus();
  }

  // The invited address has an account already, which a new one cannot share.
  static Status WithAdvice(const Status& status) {
    if (status.code() != StatusCode::kAborted || !Remedy(status).empty()) {
      return status;
    }
    return WithRemedy(status,
                      "librettoctl cloud auth login, then the same again; an "
                      "account that is in another organisation has to be "
                      "deleted first: librettoctl cloud auth delete-account");
  }

  static Status Print(const Context& context, const Joined& joined) {
    if (context.json) {
      return WriteOut(
          JsonObject()
              .Text("email", joined.account.email)
              .Text("organization_name", joined.organization_name)
              .Text("organization_slug", joined.account.organization_slug)
              .str() +
          "\n");
    }
    return WriteOut("Invitation accepted. You're now a member of " +
                    Printable(joined.organization_name) + ".\n");
  }

  InvitationAnswer answer_;
  std::string name_;
  bool password_from_stdin_ = false;
  bool no_wait_ = false;
};

}  // namespace

std::unique_ptr<Verb> MakeInvite() { return std::make_unique<Invite>(); }
std::unique_ptr<Verb> MakeAcceptInvite() {
  return std::make_unique<AcceptInvite>();
}

}  // namespace libretto
