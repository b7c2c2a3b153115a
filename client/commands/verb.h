// Verb: one command of librettoctl, and Context, what it works with. A verb
// declares its options to CLI11 and does its work; how its outcome becomes an
// exit code and an error message is done once, in app.cc. Not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "base/paths.h"
#include "client/commands/exit_codes.h"
#include "client/transport/agent_client.h"

namespace CLI {
class App;
}  // namespace CLI

namespace libretto {

class Context {
 public:
  // Whether LIBRETTO_API_KEY acts for a call instead of the login. It has no
  // part in calls that make, look after or end a login.
  enum class Key { kUsed, kIgnored };

  // The agent, started if none runs, unless --no-start. Lives as long as this.
  StatusOr<AgentClient*> Agent(Key key = Key::kUsed);

  // Hangs up: the next Agent() is another connection. For who stays for long;
  // the agent hangs up on the idle.
  void Disconnect() { agent_.reset(); }

  // A further connection, for another process; starts no agent.
  StatusOr<AgentClient> Connect() const;

  // For verbs that look after the agent itself.
  StatusOr<Paths> GetPaths() const { return PathsFromEnvironment(); }

  // What the environment and --profile say, for each call to come.
  CallerContext Caller(Key key = Key::kUsed) const;

  bool json = false;
  std::string profile;  // --profile
  bool no_start = false;
  // What stood behind "--".
  std::vector<std::string> command;

 private:
  std::optional<AgentClient> agent_;
};

class Verb {
 public:
  virtual ~Verb() = default;
  virtual void Define(CLI::App& app) = 0;
  virtual Status Run(Context& context) = 0;
  virtual ExitCode CodeFor(const Status& status) const {
    return ExitCodeOf(status);
  }
};

struct VerbEntry {
  std::string_view path;  // "cloud auth login"
  std::string_view summary;
  std::string_view example;
  std::unique_ptr<Verb> (*make)();
  bool has_json = true;
  bool takes_command = false;  // "-- CMD..."
};

}  // namespace libretto
