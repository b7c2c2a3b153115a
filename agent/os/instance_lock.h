// InstanceLock: one agent for one user. An flock on ~/.libretto/agent.lock,
// which the kernel gives up with the process, however that ends; the file names
// the socket, so that a shell whose environment leads elsewhere finds it.
//
// Not thread-safe.
#pragma once

#include <string>

#include "base/errors.h"
#include "base/unique_fd.h"

namespace libretto {

class InstanceLock {
 public:
  // Conflict(), naming the socket of the agent that is running, when there is
  // one.
  static StatusOr<InstanceLock> Acquire(const std::string& path);

  // Writes down where the agent listens.
  Status Announce(const std::string& socket) const;

 private:
  explicit InstanceLock(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace libretto
