#include "tests/client/command.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/check.h"

namespace libretto::testing {
namespace {

constexpr int kPatienceMs = 10'000;

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

[[noreturn]] void Become(const CommandLine& line) {
  const std::vector<char*> arguments = Pointers(line.arguments);
  const std::vector<char*> environment = Pointers(line.environment);
  if (line.prepare) line.prepare();
  if (chdir(line.directory.c_str()) == 0) {
    execve(arguments[0], arguments.data(), environment.data());
  }
  _exit(200);
}

int Reap(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    LIBRETTO_CHECK(pipe2(ends.data(), O_CLOEXEC) == 0);
    read_end.Reset(ends[0]);
    write_end.Reset(ends[1]);
  }
  UniqueFd read_end;
  UniqueFd write_end;
};

// Both outputs at once, so that neither pipe fills up.
void Drain(int out, int err, Outcome& outcome) {
  std::array<pollfd, 2> open = {pollfd{out, POLLIN, 0}, {err, POLLIN, 0}};
  while (open[0].fd >= 0 || open[1].fd >= 0) {
    poll(open.data(), open.size(), -1);
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (open[i].fd < 0 || open[i].revents == 0) continue;
      std::array<char, 4096> buffer{};
      const ssize_t count = read(open[i].fd, buffer.data(), buffer.size());
      if (count <= 0) {
        open[i].fd = -1;
        continue;
      }
      (i == 0 ? outcome.out : outcome.err)
          .append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
}

}  // namespace

Outcome RunOnPipes(const CommandLine& line) {
  Pipe in;
  Pipe out;
  Pipe err;
  // Tests feed less than a pipe holds, and the command may end without reading.
  (void)!write(in.write_end.get(), line.input.data(), line.input.size());
  in.write_end.Reset();
  const pid_t child = fork();
  LIBRETTO_CHECK(child >= 0);
  if (child == 0) {
    setsid();
    dup2(in.read_end.get(), STDIN_FILENO);
    dup2(out.write_end.get(), STDOUT_FILENO);
    dup2(err.write_end.get(), STDERR_FILENO);
    Become(line);
  }
  in.read_end.Reset();
  out.write_end.Reset();
  err.write_end.Reset();
  Outcome outcome;
  Drain(out.read_end.get(), err.read_end.get(), outcome);
  outcome.exit_code = Reap(child);
  return outcome;
}

OnTerminal::OnTerminal(const CommandLine& line) {
  int terminal = -1;
  child_ = forkpty(&terminal, nullptr, nullptr, nullptr);
  LIBRETTO_CHECK(child_ >= 0);
  if (child_ == 0) Become(line);
  terminal_.Reset(terminal);
}

OnTerminal::~OnTerminal() {
  if (child_ < 0) return;
  kill(child_, SIGKILL);
  Reap(child_);
}

bool OnTerminal::ReadMore(int timeout_ms) {
  pollfd about{terminal_.get(), POLLIN, 0};
  if (poll(&about, 1, timeout_ms) <= 0) return false;
  std::array<char, 4096> buffer{};
  const ssize_t count = read(terminal_.get(), buffer.data(), buffer.size());
  if (count <= 0) return false;  // EIO: the other side has closed
  shown_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

bool OnTerminal::Expect(std::string_view text) {
  for (;;) {
    const std::size_t found = shown_.find(text, seen_);
    if (found != std::string::npos) {
      seen_ = found + text.size();
      return true;
    }
    if (!ReadMore(kPatienceMs)) return false;
  }
}

void OnTerminal::Type(std::string_view text) {
  (void)!write(terminal_.get(), text.data(), text.size());
}

bool OnTerminal::Echoes() const {
  termios mode{};
  LIBRETTO_CHECK(tcgetattr(terminal_.get(), &mode) == 0);
  return (mode.c_lflag & ECHO) != 0;
}

int OnTerminal::Wait() {
  while (ReadMore(kPatienceMs)) {
  }
  // It has ended or never will; in that case the test fails instead of hanging.
  terminal_.Reset();
  const int code = Reap(child_);
  child_ = -1;
  return code;
}

}  // namespace libretto::testing
