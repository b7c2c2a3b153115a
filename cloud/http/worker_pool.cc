#include "cloud/http/worker_pool.h"

#include <utility>

namespace libretto::cloud {

WorkerPool::WorkerPool(std::size_t threads, std::size_t max_queued)
    : max_queued_(max_queued) {
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Work(); });
  }
}

WorkerPool::~WorkerPool() { Stop(); }

bool WorkerPool::Post(std::function<void()> task) {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_ || queue_.size() >= max_queued_) return false;
    queue_.push_back(std::move(task));
    // Who wakes up wakes the next one if there is more to do: of tasks that
    // come together, most are done by workers who are awake.
    if (waking_) return true;
    waking_ = true;
  }
  changed_.notify_one();
  return true;
}

void WorkerPool::Stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    queue_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void WorkerPool::Work() {
  while (true) {
    std::function<void()> task;
    bool more = false;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      task = std::move(queue_.front());
      queue_.pop_front();
      more = !queue_.empty();
      waking_ = more;
    }
    if (more) changed_.notify_one();
    task();
  }
}

}  // namespace libretto::cloud
