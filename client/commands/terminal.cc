#include "client/commands/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

namespace libretto {
namespace {

constexpr std::size_t kMaxAnswerBytes = std::size_t{64} << 10;
constexpr char kCtrlD = 4;
constexpr char kBackspace = 8;
constexpr char kCtrlU = 21;
constexpr char kDelete = 127;

volatile std::sig_atomic_t caught_signal = 0;

void Catch(int signal) { caught_signal = signal; }

// While it lives, signals that would end or stop the process interrupt Wait()
// instead, and the terminal has the mode that the question needs. Afterwards
// both are as they were.
class Session {
 public:
  Session(int fd, bool secret) : fd_(fd) {
    caught_signal = 0;
    // Blocked but in Wait(): one that came just before it would be missed.
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int signal : kSignals) sigaddset(&blocked, signal);
    sigprocmask(SIG_BLOCK, &blocked, &mask_before_);
    struct sigaction catching {};
    catching.sa_handler = Catch;  // without SA_RESTART
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      sigaction(kSignals[i], &catching, &before_[i]);
      // What the parent ignores stays ignored, as under nohup.
      if (before_[i].sa_handler == SIG_IGN) {
        sigaction(kSignals[i], &before_[i], nullptr);
      }
    }
    if (!secret || tcgetattr(fd_, &mode_) != 0) return;
    termios raw = mode_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON);
    raw.c_iflag |= ICRNL;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    changed_ = tcsetattr(fd_, TCSAFLUSH, &raw) == 0;
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    if (changed_) tcsetattr(fd_, TCSAFLUSH, &mode_);
    sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      sigaction(kSignals[i], &before_[i], nullptr);
    }
  }

  // Until there is something to read; false when a signal came first.
  bool Wait() const {
    pollfd about{fd_, POLLIN, 0};
    while (ppoll(&about, 1, nullptr, &mask_before_) < 0) {
      if (errno != EINTR || caught_signal != 0) return false;
    }
    return true;
  }

 private:
  static constexpr std::array<int, 5> kSignals = {SIGINT, SIGTERM, SIGHUP,
                                                  SIGQUIT, SIGTSTP};

  const int fd_;
  bool changed_ = false;
  termios mode_{};
  sigset_t mask_before_{};
  std::array<struct sigaction, kSignals.size()> before_{};
};

void Write(int fd, std::string_view text) {
  (void)!write(fd, text.data(), text.size());
}

enum class Typed { kMore, kLine, kEnd };

// What one byte does to the line in a mode where the terminal edits nothing.
Typed Edit(char c, std::string& line) {
  switch (c) {
    case '\n':
    case '\r':
      return Typed::kLine;
    case kCtrlD:
      return line.empty() ? Typed::kEnd : Typed::kLine;
    case kBackspace:
    case kDelete:
      if (!line.empty()) line.pop_back();
      return Typed::kMore;
    case kCtrlU:
      WipeString(line);
      line.reserve(kMaxAnswerBytes);
      return Typed::kMore;
    default:
      line += c;
      return Typed::kMore;
  }
}

// A line without its newline; Aborted() at the end of input or at a signal.
Status ReadLine(const Session& session, int fd, bool secret,
                std::string& line) {
  line.reserve(secret ? kMaxAnswerBytes : 0);  // no copies left by growing
  for (;;) {
    char c = 0;
    if (!session.Wait() || read(fd, &c, 1) != 1) return Aborted();
    if (line.size() == kMaxAnswerBytes) {
      return Invalid("the answer is longer than 64 KiB");
    }
    Typed typed = Typed::kMore;
    if (secret) {
      typed = Edit(c, line);
    } else if (c == '\n') {
      typed = Typed::kLine;
    } else {
      line += c;
    }
    if (typed == Typed::kEnd) return Aborted();
    if (typed == Typed::kLine) return OkStatus();
  }
}

// Asks; again after the process was stopped (Ctrl-Z) and continued.
StatusOr<std::string> Converse(int in, int out, const std::string& prompt,
                               bool secret) {
  for (;;) {
    std::string line;
    Status status;
    {
      const Session session(in, secret);
      Write(out, prompt);
      status = ReadLine(session, in, secret, line);
      // The newline that was typed was not echoed, or there was none.
      if (secret || !status.ok()) Write(out, "\n");
    }
    if (status.ok() && caught_signal == 0) return line;
    WipeString(line);
    if (caught_signal == 0) return status;
    if (caught_signal == SIGINT) return Aborted();
    // With the handlers as they were, so that it does what it would have done.
    (void)raise(caught_signal);
  }
}

}  // namespace

Status Aborted() { return Status(StatusCode::kCancelled, "Aborted."); }

Terminal::Terminal(UniqueFd opened, int in, int out)
    : opened_(std::move(opened)), in_(in), out_(out) {}

std::optional<Terminal> Terminal::Open() {
  if (isatty(STDIN_FILENO) == 0) return std::nullopt;
  UniqueFd tty(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!tty.valid()) {
    return Terminal(UniqueFd(), STDIN_FILENO, STDERR_FILENO);
  }
  const int fd = tty.get();
  return Terminal(std::move(tty), fd, fd);
}

StatusOr<std::string> Terminal::Ask(std::string_view prompt,
                                    std::string_view otherwise) {
  std::string text(prompt);
  if (!otherwise.empty()) {
    text += " [";
    text += otherwise;
    text += "]";
  }
  StatusOr<std::string> answer =
      Converse(in_, out_, text + ": ", /*secret=*/false);
  if (answer.ok() && answer->empty()) return std::string(otherwise);
  return answer;
}

StatusOr<SecretBytes> Terminal::AskSecret(std::string_view prompt) {
  StatusOr<std::string> answer =
      Converse(in_, out_, std::string(prompt) + ": ", /*secret=*/true);
  if (!answer.ok()) return answer.status();
  return SecretBytes::Take(*std::move(answer));
}

}  // namespace libretto
