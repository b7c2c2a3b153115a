// ChangeWatch: a process that watches credentials at the agent and makes a
// descriptor readable whenever one has another value than it had. It survives
// an agent that is restarted, and ends with this process. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/errors.h"
#include "base/unique_fd.h"
#include "client/commands/verb.h"
#include "client/delivery/child.h"

namespace libretto {

class ChangeWatch {
 public:
  // `known` is what the values are taken to be.
  static StatusOr<ChangeWatch> Start(const Context& context,
                                     const std::vector<Delivered>& known);

  ChangeWatch(ChangeWatch&& other) noexcept;
  ChangeWatch& operator=(ChangeWatch&&) = delete;
  ChangeWatch(const ChangeWatch&) = delete;
  ChangeWatch& operator=(const ChangeWatch&) = delete;
  ~ChangeWatch();

  // Readable when something has changed since the last Take().
  int fd() const { return changes_.get(); }
  void Take() const;

 private:
  ChangeWatch(UniqueFd changes, pid_t process);

  UniqueFd changes_;
  pid_t process_;
};

}  // namespace libretto
