// The way onto the loop thread, the one thread that owns the core.
#pragma once

#include "absl/functional/any_invocable.h"

namespace libretto {

class Executor {
 public:
  using Task = absl::AnyInvocable<void() &&>;

  virtual ~Executor() = default;

  // Runs `task` on the loop, later, in the order of posting. Any thread.
  virtual void Post(Task task) = 0;
};

}  // namespace libretto
