// A fixed number of threads behind a bounded queue. Any thread (guarded).
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace libretto::cloud {

class WorkerPool {
 public:
  WorkerPool(std::size_t threads, std::size_t max_queued);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();  // as Stop()

  // False when the queue is full or the pool has stopped.
  bool Post(std::function<void()> task);

  // Forgets what is queued and waits for what is running.
  void Stop();

 private:
  void Work();

  const std::size_t max_queued_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  // Somebody was woken up and has taken nothing yet. Guarded by mutex_; false
  // when there is nothing to take.
  bool waking_ = false;
  bool stopping_ = false;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace libretto::cloud
