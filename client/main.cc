// librettoctl: the command of libretto-agent. It lives for a millisecond, so it
// is linked statically and builds only the branch of the command line that it
// was called with.
#include <fcntl.h>
#include <unistd.h>

#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "client/commands/app.h"
#include "client/commands/exit_codes.h"
#include "client/commands/output.h"
#include "client/delivery/by_file.h"

namespace {

// Descriptors 0 to 2 that the caller had closed: without something in their
// places a socket would get one of the numbers, and an error message would be
// written into it. What stands there fails when it is used, as a closed one
// does, and is closed again in a command that `run` becomes.
void FillStandardDescriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    const int wrong_way = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (open("/dev/null", wrong_way | O_CLOEXEC) != fd) _exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  FillStandardDescriptors();
  try {
    std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    if (libretto::RemovedAfterwards(arguments)) return 0;
    return libretto::RunCommandLine(std::move(arguments));
  } catch (const std::exception&) {
    // Not its text: it may quote what was being worked on.
    libretto::WriteErr("librettoctl: out of memory or an internal error\n");
  } catch (...) {
    libretto::WriteErr("librettoctl: an internal error\n");
  }
  return static_cast<int>(libretto::ExitCode::kFailed);
}
