#include "client/delivery/askpass.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "base/unique_fd.h"

namespace libretto {
namespace {

// A passphrase of 1 KiB, each byte of it escaped, and what is said around it.
constexpr std::size_t kMaxReply = 4096;

std::string_view Variable(const char* name) {
  const char* const value = getenv(name);
  return value == nullptr ? "" : value;
}

bool HasDisplay() {
  return !Variable("DISPLAY").empty() || !Variable("WAYLAND_DISPLAY").empty();
}

std::optional<std::string> FindInPath(const std::string& program) {
  std::string_view rest = Variable("PATH");
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    // A relative entry would run whatever lies in the current directory.
    if (!folder.starts_with('/')) continue;
    std::string path = std::string(folder) + "/" + program;
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return std::nullopt;
}

Status NotWanted() { return Status(StatusCode::kCancelled, "Aborted."); }

// A program that is talked to over its standard input and output. One that is
// not waited for to its end is ended.
class Asker {
 public:
  static StatusOr<Asker> Start(const std::string& program,
                               const std::string& argument);

  Asker(Asker&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)),
        to_(std::move(other.to_)),
        from_(std::move(other.from_)) {}
  Asker& operator=(Asker&&) = delete;
  ~Asker() {
    if (pid_ < 0) return;
    kill(pid_, SIGKILL);
    (void)Wait();
  }

  void Say(std::string_view text) const {
    // One that has ended is noticed when it is listened to.
    (void)!write(to_.get(), text.data(), text.size());
  }

  // The next line, without its newline; all that is left when `to_end`.
  StatusOr<SecretBytes> Hear(bool to_end, Deadline deadline);

  // Whether it ended well.
  bool Wait() {
    int state = 0;
    while (waitpid(pid_, &state, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(state) && WEXITSTATUS(state) == 0;
  }

 private:
  Asker(pid_t pid, UniqueFd to, UniqueFd from)
      : pid_(pid), to_(std::move(to)), from_(std::move(from)) {}

  pid_t pid_;
  UniqueFd to_;
  UniqueFd from_;
};

StatusOr<Asker> Asker::Start(const std::string& program,
                             const std::string& argument) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (pipe2(in.data(), O_CLOEXEC) != 0) {
    return FromErrno(errno, "cannot make a pipe");
  }
  UniqueFd child_in(in[0]);
  UniqueFd to(in[1]);
  if (pipe2(out.data(), O_CLOEXEC) != 0) {
    return FromErrno(errno, "cannot make a pipe");
  }
  UniqueFd from(out[0]);
  UniqueFd child_out(out[1]);
  std::string name = program;
  std::string text = argument;
  char* const arguments[] = {name.data(), text.empty() ? nullptr : text.data(),
                             nullptr};
  const pid_t child = fork();
  if (child < 0) return FromErrno(errno, "cannot start a process");
  if (child == 0) {
    dup2(child_in.get(), STDIN_FILENO);
    dup2(child_out.get(), STDOUT_FILENO);
    execv(arguments[0], arguments);
    _exit(127);
  }
  return Asker(child, std::move(to), std::move(from));
}

StatusOr<SecretBytes> Asker::Hear(bool to_end, Deadline deadline) {
  SecretBytes heard(kMaxReply);
  std::size_t filled = 0;
  while (filled < kMaxReply) {
    pollfd about{from_.get(), POLLIN, 0};
    const int ready =
        poll(&about, 1, static_cast<int>(Remaining(deadline).count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return TooSlow("nobody typed the passphrase in time");
    // Byte by byte: what follows a line is not ours yet.
    char* const at = heard.RevealMutable() + filled;
    const ssize_t count = read(from_.get(), at, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      if (!to_end) return NotWanted();
      break;
    }
    if (*at == '\n' && !to_end) break;
    ++filled;
  }
  return SecretBytes::CopyOf(heard.Reveal().substr(0, filled));
}

StatusOr<SecretBytes> AskSshAskpass(const std::string& program,
                                    std::string_view prompt,
                                    Deadline deadline) {
  StatusOr<Asker> asker = Asker::Start(program, std::string(prompt) + ": ");
  if (!asker.ok()) return asker.status();
  StatusOr<SecretBytes> answer = asker->Hear(/*to_end=*/true, deadline);
  if (!answer.ok()) return answer.status();
  if (!asker->Wait()) return NotWanted();
  std::string_view text = answer->Reveal();
  text = text.substr(0, text.find_first_of("\r\n"));
  return SecretBytes::CopyOf(text);
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// "%25" and the like in what pinentry says.
SecretBytes Unescaped(std::string_view text) {
  SecretBytes plain(text.size());
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
        HexDigit(text[i + 2]) >= 0) {
      c = static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    }
    plain.RevealMutable()[size++] = c;
  }
  return SecretBytes::CopyOf(plain.Reveal().substr(0, size));
}

// Its protocol: it greets with OK, answers each command with OK or ERR, and
// gives the text in lines that begin with "D ".
StatusOr<SecretBytes> AskPinentry(const std::string& program,
                                  std::string_view prompt, Deadline deadline) {
  StatusOr<Asker> asker = Asker::Start(program, "");
  if (!asker.ok()) return asker.status();
  const std::array<std::string, 4> commands = {
      "SETTITLE libretto-agent\n",
      "SETDESC " + std::string(prompt) + " of libretto-agent\n",
      "SETPROMPT Passphrase:\n", "GETPIN\n"};
  SecretBytes answer;
  // One reply more than commands: the greeting.
  for (std::size_t said = 0; said <= commands.size();) {
    const StatusOr<SecretBytes> line = asker->Hear(/*to_end=*/false, deadline);
    if (!line.ok()) return line.status();
    const std::string_view text = line->Reveal();
    if (text.starts_with("D ")) answer = Unescaped(text.substr(2));
    if (text.starts_with("ERR")) return NotWanted();
    if (!text.starts_with("OK")) continue;
    if (said < commands.size()) asker->Say(commands[said]);
    ++said;
  }
  asker->Say("BYE\n");
  return answer;
}

}  // namespace

bool PrefersAskpass() {
  const std::string_view require = Variable("SSH_ASKPASS_REQUIRE");
  return !Variable("SSH_ASKPASS").empty() &&
         (require == "prefer" || require == "force");
}

std::optional<Askpass> FindAskpass() {
  if (Variable("SSH_ASKPASS_REQUIRE") == "never") return std::nullopt;
  if (!PrefersAskpass() && !HasDisplay()) return std::nullopt;
  const std::string program(Variable("SSH_ASKPASS"));
  if (!program.empty()) return Askpass{Askpass::Kind::kSshAskpass, program};
  std::optional<std::string> pinentry = FindInPath("pinentry");
  if (!pinentry.has_value()) return std::nullopt;
  return Askpass{Askpass::Kind::kPinentry, *std::move(pinentry)};
}

StatusOr<SecretBytes> AskWith(const Askpass& askpass, std::string_view prompt,
                              Deadline deadline) {
  struct sigaction ignoring {};
  ignoring.sa_handler = SIG_IGN;
  struct sigaction before {};
  sigaction(SIGPIPE, &ignoring, &before);
  StatusOr<SecretBytes> answer =
      askpass.kind == Askpass::Kind::kPinentry
          ? AskPinentry(askpass.program, prompt, deadline)
          : AskSshAskpass(askpass.program, prompt, deadline);
  sigaction(SIGPIPE, &before, nullptr);
  return answer;
}

}  // namespace libretto
