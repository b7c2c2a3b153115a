// A terminal of its own for a command whose output is masked: of the size and
// in the mode of the terminal that there is, which in turn is made transparent,
// so that line editing, Ctrl-C and Ctrl-Z happen in the command's. Not
// thread-safe.
#pragma once

#include <termios.h>

#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "base/errors.h"
#include "base/unique_fd.h"

namespace libretto {

struct Pty {
  UniqueFd ours;
  UniqueFd theirs;
};

// As `terminal` is. When nothing is typed through it, `terminal` goes on
// translating newlines itself.
StatusOr<Pty> OpenPtyLike(int terminal, bool is_typed_through);

void CopyWindowSize(int from, int to);

// The terminal that is typed at, transparent while this process is in its
// foreground. Puts it back at its end.
class TransparentTerminal {
 public:
  explicit TransparentTerminal(int fd) : fd_(fd) {}
  TransparentTerminal(const TransparentTerminal&) = delete;
  TransparentTerminal& operator=(const TransparentTerminal&) = delete;
  ~TransparentTerminal() { PutBack(); }

  int fd() const { return fd_; }
  bool is_transparent() const { return before_.has_value(); }
  void MakeTransparent();
  void PutBack();

 private:
  const int fd_;
  std::optional<termios> before_;
};

// The command in a session whose terminal is `terminal`, and between it and us
// the session's leader: were there none, Ctrl-Z could not stop the command. The
// leader reports the command's pid and then each wait status, as ints. After
// the last one it lives until the terminal is closed, so that what the command
// has left running is not hung up on.
struct SessionOnPty {
  pid_t command = -1;
  UniqueFd statuses;
};
StatusOr<SessionOnPty> StartOnPty(int terminal,
                                  absl::FunctionRef<void()> become);

}  // namespace libretto
