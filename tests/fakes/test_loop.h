// An executor that runs what was posted on the test's own thread, when the test
// waits for something.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

#include "agent/core/executor.h"

namespace libretto::testing {

class TestLoop final : public Executor {
 public:
  void Post(Task task) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    tasks_.push_back(std::move(task));
    posted_.notify_one();
  }

  // Runs tasks until `reached`; false when ten seconds were not enough.
  bool RunUntil(const std::function<bool()>& reached) {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!reached()) {
      std::unique_lock<std::mutex> lock(mutex_);
      if (!posted_.wait_until(lock, deadline,
                              [this] { return !tasks_.empty(); })) {
        return false;
      }
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      std::move(task)();
    }
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<Task> tasks_;
};

}  // namespace libretto::testing
