#include "client/delivery/browser.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace libretto {
namespace {

bool IsSet(const char* name) {
  const char* value = getenv(name);
  return value != nullptr && *value != '\0';
}

// In the new process: only what is async-signal-safe, and no way back.
[[noreturn]] void BecomeOpener(char* const* arguments) {
  // Nobody's child and no part of the terminal: it may live as long as the
  // browser does.
  if (setsid() < 0 || fork() != 0) _exit(0);
  const int null = open("/dev/null", O_RDWR);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) dup2(null, fd);
  execvp(arguments[0], arguments);
  _exit(127);
}

}  // namespace

void OpenInBrowser(const std::string& url) {
  if (!IsSet("DISPLAY") && !IsSet("WAYLAND_DISPLAY")) return;
  std::string program = "xdg-open";
  std::string page = url;
  char* const arguments[] = {program.data(), page.data(), nullptr};
  const pid_t child = fork();
  if (child == 0) BecomeOpener(arguments);
  if (child < 0) return;
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace libretto
