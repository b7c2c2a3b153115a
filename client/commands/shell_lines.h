// -s and -c, as ssh-agent has them: lines for a shell's eval. Not thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/errors.h"
#include "client/commands/verb.h"

namespace libretto {

class ShellLines {
 public:
  void Define(CLI::App& app);

  // Invalid() together with --json.
  Status Check(const Context& context) const;

  bool wanted() const { return bourne_ || csh_; }

  // Lines that set or unset LIBRETTO_AGENT_SOCK. REQUIRES: wanted()
  std::string Set(std::string_view socket) const;
  std::string Unset() const;

  // A line that has the shell say so. REQUIRES: nothing in it means anything to
  // a shell
  static std::string Say(std::string_view text);

 private:
  std::string Quoted(std::string_view text) const;

  bool bourne_ = false;
  bool csh_ = false;
};

}  // namespace libretto
