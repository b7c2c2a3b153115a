// Client: credentials from libretto-agent for C++ programs, over its socket:
// no environment variables, no `.env`. It asks an agent that runs and never
// starts one itself. docs/client-cpp.md has examples.
//
// Which agent and which account: as librettoctl decides it, from HOME,
// XDG_RUNTIME_DIR and LIBRETTO_* at the time of each call. Nothing is sent
// before the kernel has said that the server runs as this process's user.
//
// One thread at a time. Two threads want a client each, and so do the two sides
// of a fork().
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "libretto/agent_error.h"
#include "libretto/secret.h"

namespace libretto {

// By name.
using Credentials = std::map<std::string, Secret, std::less<>>;

struct CredentialChange {
  std::string name;
  // Nothing: there is no such credential, or not any more.
  std::optional<Secret> value;
};

class Client {
 public:
  // Connects with the first call, and again whenever it has to.
  Client();

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // All of `names` in one round trip: each of them, or the first failure, which
  // says whose it is. Names are trimmed and lower-cased, empty ones and doubles
  // do not count, as workflows fold what they declare; the result has them so.
  // Takes at most 17 seconds; `stop` ends it sooner, with kCancelled.
  Result<Credentials> GetCredentials(const std::vector<std::string>& names,
                                     const std::stop_token& stop = {});

  // Calls `on_change` once for each name (1 to 256, folded as above) with what
  // it is now, and then whenever one of them changes: at once when the change
  // goes through this agent, else with its next list (every 30 seconds). It
  // hears the last value in any case, and need not hear each one before it.
  //
  // Blocks until `stop` ends it, its one good end, and returns nothing then.
  // Returns an error when the watch cannot begin, and when the agent says that
  // there will be no more: kUnauthenticated after a logout, kAborted when
  // somebody else has logged in. An agent that goes away later is waited for.
  //
  // `on_change` runs on this thread and may use this client. What it throws
  // ends the watch and is thrown on from here.
  [[nodiscard]] std::optional<AgentError> WatchCredentials(
      const std::vector<std::string>& names,
      const std::function<void(CredentialChange)>& on_change,
      const std::stop_token& stop = {});

 private:
  class Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace libretto
