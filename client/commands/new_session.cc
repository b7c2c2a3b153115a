#include "client/commands/new_session.h"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "base/credential_name.h"
#include "base/deadline.h"
#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/pause.h"
#include "client/transport/unreachable.h"

namespace libretto {
namespace {

// As the public command has it (contract 1.6).
constexpr std::chrono::seconds kPollEvery(4);
constexpr std::chrono::minutes kPollFor(10);
constexpr std::size_t kMaxPathBytes = 4096;

// The login holds, but the next command would not use it.
void WarnOfKey(const Context& context) {
  if (context.Caller().api_key.empty()) return;
  Note("LIBRETTO_API_KEY is set here and goes before this login.");
}

StatusOr<bool> WaitForVerification(AgentClient& agent) {
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
    const bool lost =
        !who.ok() && (IsUnreachable(who.status()) ||
                      who.status().code() == StatusCode::kUnauthenticated);
    if (!verified && !lost) continue;  // a cloud that hiccups may recover
    if (alive) WriteErr("\n");
    if (lost) return who.status();
    return true;
  }
  if (alive) WriteErr("\n");
  return false;
}

Status PrintAccount(const Context& context, const SignedIn& account) {
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
  text += "Session saved to " + Printable(account.session_file, kMaxPathBytes) +
          "\n";
  return WriteOut(text);
}

}  // namespace

Status PrintLogin(const Context& context, const SignedIn& signed_in) {
  WarnOfKey(context);
  if (context.json) {
    return WriteOut(JsonObject()
                        .Text("email", signed_in.email)
                        .Flag("email_verified", signed_in.email_verified)
                        .Text("session_file", signed_in.session_file)
                        .str() +
                    "\n");
  }
  return WriteOut("Logged in as " + Printable(signed_in.email) + ".\n");
}

Status FinishNewAccount(const Context& context, AgentClient& agent,
                        SignedIn account, bool no_wait) {
  if (!context.json) {
    const std::string email = Printable(account.email);
    Note(account.email_verified
             ? "Account created."
             : "Account created. Verification email sent to " + email + ".");
  }
  WarnOfKey(context);
  if (!account.email_verified && !no_wait) {
    const StatusOr<bool> verified = WaitForVerification(agent);
    if (!verified.ok()) return verified.status();
    account.email_verified = *verified;
  }
  return PrintAccount(context, account);
}

}  // namespace libretto
