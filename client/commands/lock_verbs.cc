#include <utility>

#include <CLI/CLI.hpp>

#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/passphrase.h"
#include "client/commands/verbs.h"

namespace libretto {
namespace {

void DefineFromStdin(CLI::App& app, bool& from_stdin) {
  app.add_flag("--passphrase-stdin", from_stdin,
               "Read the passphrase from standard input");
}

Status Say(const Context& context, std::string_view field, bool value,
           std::string_view text) {
  if (context.json) {
    return WriteOut(JsonObject().Flag(field, value).str() + "\n");
  }
  return WriteOut(std::string(text) + "\n");
}

class Enroll final : public Verb {
 public:
  void Define(CLI::App& app) override { DefineFromStdin(app, from_stdin_); }

  Status Run(Context& context) override {
    const StatusOr<SecretBytes> passphrase = ReadNewPassphrase(from_stdin_);
    if (!passphrase.ok()) return passphrase.status();
    const StatusOr<AgentClient*> agent = context.Agent(Context::Key::kIgnored);
    if (!agent.ok()) return agent.status();
    const Status enrolled = (*agent)->Enroll(*passphrase);
    if (!enrolled.ok()) return enrolled;
    return Say(context, "enrolled", true,
               "Enrolled. The session is sealed now, auth.json is gone, and an "
               "agent that starts is locked.");
  }

 private:
  bool from_stdin_ = false;
};

class Unenroll final : public Verb {
 public:
  void Define(CLI::App& app) override {
    DefineFromStdin(app, from_stdin_);
    app.add_flag("--discard", discard_,
                 "For a passphrase that is lost: without it, and the logins "
                 "are lost with it");
  }

  Status Run(Context& context) override {
    SecretBytes passphrase;
    if (!discard_) {
      StatusOr<SecretBytes> read = ReadPassphrase(from_stdin_, "Passphrase");
      if (!read.ok()) return read.status();
      passphrase = *std::move(read);
    }
    const StatusOr<AgentClient*> agent = context.Agent(Context::Key::kIgnored);
    if (!agent.ok()) return agent.status();
    const Status done = discard_ ? (*agent)->DiscardEnrolment()
                                 : (*agent)->Unenroll(passphrase);
    if (!done.ok()) return done;
    return Say(context, "enrolled", false,
               discard_ ? "No passphrase is enrolled any more, and nobody is "
                          "logged in."
                        : "No passphrase is enrolled any more. The session is "
                          "in auth.json again.");
  }

 private:
  bool from_stdin_ = false;
  bool discard_ = false;
};

class LockVerb final : public Verb {
 public:
  void Define(CLI::App& /*app*/) override {}

  Status Run(Context& context) override {
    const StatusOr<AgentClient*> agent = context.Agent(Context::Key::kIgnored);
    if (!agent.ok()) return agent.status();
    const StatusOr<bool> was_locked = (*agent)->Lock();
    if (!was_locked.ok()) return was_locked.status();
    return Say(context, "was_locked", *was_locked,
               *was_locked ? "It was locked already." : "Locked.");
  }
};

class UnlockVerb final : public Verb {
 public:
  void Define(CLI::App& app) override { DefineFromStdin(app, from_stdin_); }

  Status Run(Context& context) override {
    const Status unlocked = Unlock(context, from_stdin_);
    if (!unlocked.ok()) return unlocked;
    return Say(context, "locked", false, "Unlocked.");
  }

 private:
  bool from_stdin_ = false;
};

class Forget final : public Verb {
 public:
  void Define(CLI::App& /*app*/) override {}

  Status Run(Context& context) override {
    const StatusOr<AgentClient*> agent = context.Agent(Context::Key::kIgnored);
    if (!agent.ok()) return agent.status();
    const StatusOr<bool> locked = (*agent)->Forget();
    if (!locked.ok()) return locked.status();
    return Say(context, "locked", *locked,
               *locked ? "Forgotten, and locked." : "Forgotten.");
  }
};

class Panic final : public Verb {
 public:
  void Define(CLI::App& /*app*/) override {}

  Status Run(Context& context) override {
    const StatusOr<AgentClient*> agent = context.Agent(Context::Key::kIgnored);
    if (!agent.ok()) return agent.status();
    const StatusOr<bool> locked = (*agent)->Panic();
    if (!locked.ok()) return locked.status();
    if (!*locked) {
      Note(
          "Not locked, for no passphrase is enrolled: the session is still in "
          "auth.json. `librettoctl cloud auth logout` ends it.");
    }
    return Say(context, "locked", *locked,
               *locked ? "Everything is taken back, forgotten, and locked."
                       : "Everything is taken back and forgotten.");
  }
};

}  // namespace

std::unique_ptr<Verb> MakeEnroll() { return std::make_unique<Enroll>(); }
std::unique_ptr<Verb> MakeUnenroll() { return std::make_unique<Unenroll>(); }
std::unique_ptr<Verb> MakeLock() { return std::make_unique<LockVerb>(); }
std::unique_ptr<Verb> MakeUnlock() { return std::make_unique<UnlockVerb>(); }
std::unique_ptr<Verb> MakeForget() { return std::make_unique<Forget>(); }
std::unique_ptr<Verb> MakePanic() { return std::make_unique<Panic>(); }

}  // namespace libretto
