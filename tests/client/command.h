// Running librettoctl as a person or a script does: a process with its own
// environment, fed on standard input, on pipes or on a pseudo-terminal.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

namespace libretto::testing {

struct CommandLine {
  std::vector<std::string> arguments;  // the program first
  std::vector<std::string> environment;
  std::string directory = "/";
  std::string input = {};
  // Called in the new process before exec: async-signal-safe calls only.
  std::function<void()> prepare = {};
};

struct Outcome {
  int exit_code = -1;  // 128 + signal when a signal ended it
  std::string out;
  std::string err;
};

// To its end, with pipes on descriptors 0 to 2 and no terminal.
Outcome RunOnPipes(const CommandLine& line);

// A command on a terminal of its own, which is its controlling terminal.
class OnTerminal {
 public:
  explicit OnTerminal(const CommandLine& line);
  OnTerminal(const OnTerminal&) = delete;
  OnTerminal& operator=(const OnTerminal&) = delete;
  ~OnTerminal();

  // Reads until `text` has been shown since the last Expect(); false when the
  // command ends or ten seconds pass before.
  bool Expect(std::string_view text);

  void Type(std::string_view text);

  // Whether the terminal echoes what is typed.
  bool Echoes() const;

  // Reads to the end and returns the exit code, as in Outcome.
  int Wait();

  // All that has been shown.
  const std::string& shown() const { return shown_; }

 private:
  bool ReadMore(int timeout_ms);

  UniqueFd terminal_;
  pid_t child_ = -1;
  std::string shown_;
  std::size_t seen_ = 0;
};

}  // namespace libretto::testing
