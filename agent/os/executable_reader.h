// ExecutableReader: which program another process runs. Landlock lets the agent
// not ask that of processes outside its sandbox, so a small process that was
// made before stays outside and answers. It holds no key, can make no system
// call but those few that it needs, and ends with the agent.
//
// For display: a process may become a trusted program after it has connected.
// Not thread-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/errors.h"
#include "base/unique_fd.h"

namespace libretto {

class ExecutableReader {
 public:
  // Without anybody to ask.
  ExecutableReader() = default;

  // Forks, and waits for a first answer. Before the first thread, the sandbox,
  // and the first secret.
  static StatusOr<ExecutableReader> Start();

  // Asks; false when that cannot be.
  bool Ask(pid_t pid);
  // What was asked last. The path; empty when there is no such process, it may
  // not be looked at, or there was no answer in time.
  std::string Answer();

  std::string ExecutableOf(pid_t pid) { return Ask(pid) ? Answer() : ""; }

 private:
  explicit ExecutableReader(UniqueFd socket) : socket_(std::move(socket)) {}

  UniqueFd socket_;
  std::uint32_t questions_ = 0;
};

}  // namespace libretto
