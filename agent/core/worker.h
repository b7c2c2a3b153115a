// The way off the loop thread, for what takes longer than a turn of it may.
#pragma once

#include "absl/functional/any_invocable.h"
#include "agent/core/executor.h"

namespace libretto {

class Worker {
 public:
  // Returns what the loop is to do with the result.
  using Work = absl::AnyInvocable<Executor::Task() &&>;

  virtual ~Worker() = default;

  // Runs `work` on another thread, after what was given before it, and posts
  // what it returns to the loop. What has not begun when the agent stops is
  // dropped. Loop thread.
  virtual void Run(Work work) = 0;
};

}  // namespace libretto
