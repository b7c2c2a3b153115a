// Tells whoever started the agent that its socket accepts, or why it never
// will: through a pipe (--ready-fd). systemd hears of the first alone; it has
// the exit code and the journal for the second. Not thread-safe.
#pragma once

#include "base/errors.h"
#include "base/unique_fd.h"

namespace libretto {

class Readiness {
 public:
  // `pipe` may be invalid: nobody waits there.
  explicit Readiness(UniqueFd pipe) : pipe_(std::move(pipe)) {}

  // Writes "ready\n" and closes the pipe.
  void Ready();
  // Writes the message and, on a second line, the remedy.
  void Failed(const Status& why);

 private:
  void Write(std::string_view text);

  UniqueFd pipe_;
};

}  // namespace libretto
