// Runs a probe in a process of its own that has entered the sandbox.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>
#include <thread>

#include "agent/os/sandbox.h"
#include "base/check.h"

namespace libretto::testing {

// What `probe` returned, or why it was never asked. It runs on a thread that
// was made after the sandbox was entered, as the agent's are.
inline std::string SaidInSandbox(const SandboxNeeds& needs,
                                 const std::function<std::string()>& probe) {
  std::array<int, 2> ends{};
  LIBRETTO_CHECK(pipe(ends.data()) == 0);
  const pid_t child = fork();
  LIBRETTO_CHECK(child >= 0);
  if (child == 0) {
    const StatusOr<Sandbox> sandbox = EnterSandbox(needs);
    std::string said = "no sandbox: " + Message(sandbox.status());
    if (sandbox.ok()) {
      std::thread([&said, &probe] { said = probe(); }).join();
    }
    _exit(write(ends[1], said.data(), said.size()) < 0 ? 1 : 0);
  }
  close(ends[1]);
  std::string said;
  std::array<char, 512> buffer{};
  ssize_t count = 0;
  while ((count = read(ends[0], buffer.data(), buffer.size())) > 0) {
    said.append(buffer.data(), static_cast<std::size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0)
    said += " (ended with status " + std::to_string(status) + ")";
  return said;
}

}  // namespace libretto::testing
