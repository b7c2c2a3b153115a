// --max-age and --fresh: how old a value a command accepts; and the line that
// says how old one is that the cloud could not confirm. Not thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "client/transport/agent_client.h"

namespace CLI {
class App;
}  // namespace CLI

namespace libretto {

// "30", "30s", "5m", "2h", "1d": a number of seconds, or one with its unit.
std::optional<std::chrono::seconds> ParseAge(std::string_view text);

// "memory", "cloud" or "stale", in JSON and for people.
std::string_view SourceWord(Credential::Source source);

class FreshnessOptions {
 public:
  void Define(CLI::App& app);

  // Whether the options are well-formed.
  Status Check();

  const Freshness& wanted() const { return wanted_; }

 private:
  std::optional<std::string> max_age_;
  Freshness wanted_;
};

// Of all that a command got, the oldest value that is stale.
class StaleValues {
 public:
  void See(const Credential& credential);
  // One line on standard error, if there was one.
  void Report() const;

 private:
  int count_ = 0;
  std::string oldest_;
  std::chrono::milliseconds age_{0};
};

}  // namespace libretto
