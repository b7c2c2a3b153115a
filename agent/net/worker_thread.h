// WorkerThread: one thread for what would hold the loop too long, Argon2id. It
// starts with the first piece of work.
//
// Run(): loop thread only.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "agent/core/worker.h"

namespace libretto {

class WorkerThread final : public Worker {
 public:
  explicit WorkerThread(Executor& loop) : loop_(loop) {}
  ~WorkerThread() override;
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  void Run(Work work) override;

 private:
  void Serve();

  Executor& loop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace libretto
