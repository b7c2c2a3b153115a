// Does with a libretto::Client what a test writes on standard input, a line at
// a time, and says what came of it.
//
//   get NAME...              the values, or the error
//   get_until_stopped NAME   the same; a second thread stops the call once the
//                            test has written another line
//   watch NAME...            each change, until the test writes another line
//   watch_and_throw NAME     as watch, with a callback that throws
//   watch_and_get NAME       as watch; the callback gets NAME with the client
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <libretto/client.h>

namespace {

void Say(const std::string& line) { std::cout << line << std::endl; }

void Say(const libretto::AgentError& error) {
  Say("error " + std::string(libretto::NameOf(error.code)) + "|" +
      error.message + "|" + error.remedy + "|" + error.reason + "|" +
      std::to_string(error.wait.count()));
}

void Get(libretto::Client& client, const std::vector<std::string>& names,
         const std::stop_token& stop = {}) {
  const auto credentials = client.GetCredentials(names, stop);
  if (!credentials.ok()) return Say(credentials.error());
  for (const auto& [name, value] : *credentials) {
    Say("value " + name + "=" + std::string(value.Reveal()));
  }
  Say("done");
}

// Stops when the test has written a line.
class StoppedByTest {
 public:
  StoppedByTest()
      : thread_([this] {
          std::string line;
          std::getline(std::cin, line);
          source_.request_stop();
        }) {}
  ~StoppedByTest() { thread_.join(); }

  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::thread thread_;
};

void Watch(libretto::Client& client, const std::string& verb,
           const std::vector<std::string>& names, const std::stop_token& stop) {
  const auto on_change = [&](const libretto::CredentialChange& change) {
    if (change.value.has_value()) {
      Say("value " + change.name + "=" + std::string(change.value->Reveal()));
    } else {
      Say("gone " + change.name);
    }
    if (verb == "watch_and_throw") throw std::runtime_error("enough");
    if (verb == "watch_and_get") Get(client, names);
  };
  try {
    const auto error = client.WatchCredentials(names, on_change, stop);
    if (error.has_value()) {
      Say(*error);
    } else {
      Say("stopped");
    }
  } catch (const std::runtime_error& thrown) {
    Say("thrown " + std::string(thrown.what()));
  }
}

}  // namespace

int main() {
  libretto::Client client;
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    std::vector<std::string> names;
    // Commas between them, so that a name may have spaces around it.
    for (std::string name; std::getline(words, name, ',');) {
      names.push_back(name);
    }
    if (verb == "get") {
      Get(client, names);
    } else if (verb == "get_until_stopped") {
      const StoppedByTest stopped;
      Get(client, names, stopped.token());
    } else {
      const StoppedByTest stopped;
      Watch(client, verb, names, stopped.token());
    }
  }
}
