#include "client/commands/passphrase.h"

#include <chrono>
#include <optional>
#include <string>

#include "base/deadline.h"
#include "client/commands/input.h"
#include "client/commands/output.h"
#include "client/commands/terminal.h"
#include "client/delivery/askpass.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxPassphraseBytes = 1024;
constexpr int kTries = 3;
// For a person at a window. ssh waits for ever; a script must not.
constexpr std::chrono::minutes kAskLimit(5);

StatusOr<SecretBytes> Ask(std::string_view prompt) {
  std::optional<Terminal> terminal;
  if (!PrefersAskpass()) terminal = Terminal::Open();
  if (terminal.has_value()) return terminal->AskSecret(prompt);
  const std::optional<Askpass> askpass = FindAskpass();
  if (askpass.has_value()) return AskWith(*askpass, prompt, In(kAskLimit));
  return Invalid(
      "--passphrase-stdin is missing, standard input is no terminal to ask, "
      "and neither SSH_ASKPASS nor pinentry can ask on a display");
}

}  // namespace

StatusOr<SecretBytes> ReadPassphrase(bool from_stdin, std::string_view prompt) {
  StatusOr<SecretBytes> passphrase =
      from_stdin ? ReadStandardInput(kMaxPassphraseBytes) : Ask(prompt);
  if (passphrase.ok() && passphrase->empty()) {
    return Invalid("the passphrase is empty");
  }
  return passphrase;
}

StatusOr<SecretBytes> ReadNewPassphrase(bool from_stdin) {
  StatusOr<SecretBytes> passphrase =
      ReadPassphrase(from_stdin, "New passphrase");
  if (!passphrase.ok() || from_stdin) return passphrase;
  const StatusOr<SecretBytes> again =
      ReadPassphrase(from_stdin, "The same again");
  if (!again.ok()) return again.status();
  if (!again->Equals(*passphrase)) {
    return Invalid("the two passphrases are not the same; nothing was changed");
  }
  return passphrase;
}

Status Unlock(Context& context, bool from_stdin) {
  for (int left = from_stdin ? 1 : kTries;;) {
    const StatusOr<SecretBytes> passphrase =
        ReadPassphrase(from_stdin, "Passphrase");
    if (!passphrase.ok()) return passphrase.status();
    // The agent hangs up on who thinks for long.
    context.Disconnect();
    const StatusOr<AgentClient*> agent = context.Agent(Context::Key::kIgnored);
    if (!agent.ok()) return agent.status();
    const Status unlocked = (*agent)->Unlock(*passphrase);
    const bool wrong = unlocked.code() == StatusCode::kUnauthenticated;
    if (!wrong || --left == 0) return unlocked;
    Note("The passphrase is wrong.");
  }
}

Status UnlockOnTerminal(Context& context, const Status& met) {
  if (!Terminal::Open().has_value()) return met;
  Note("The agent is locked.");
  return Unlock(context, /*from_stdin=*/false);
}

}  // namespace libretto
