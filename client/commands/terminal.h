// Terminal: questions to a person. They are asked only when standard input is a
// terminal, so that a script never waits for an answer; every question has a
// flag. They go to /dev/tty, so that standard output stays clean.
//
// Not thread-safe; takes over the process's signals while it waits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "base/secret.h"
#include "base/unique_fd.h"

namespace libretto {

class Terminal {
 public:
  // Nothing when standard input is no terminal.
  static std::optional<Terminal> Open();

  // One line. An empty answer gives `otherwise`, which the prompt shows.
  // Ctrl-C and end of input are Aborted().
  StatusOr<std::string> Ask(std::string_view prompt,
                            std::string_view otherwise = {});

  // One line without echo, up to 64 KiB; a terminal's own line editing would
  // cut it at 4095 bytes. What was pasted behind the first line is thrown away
  // rather than left to the shell.
  StatusOr<SecretBytes> AskSecret(std::string_view prompt);

 private:
  Terminal(UniqueFd opened, int in, int out);

  UniqueFd opened_;
  int in_;
  int out_;
};

// The person does not want to go on: CANCELLED, which nothing else here is.
Status Aborted();

}  // namespace libretto
