#include "cloud/http/worker_pool.h"

#include <atomic>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace libretto::cloud {
namespace {

constexpr int kThreads = 4;

TEST(WorkerPoolTest, TasksThatComeTogetherGetAWorkerEach) {
  WorkerPool pool(kThreads, 100);
  for (int round = 0; round < 200; ++round) {
    // Each waits for all the others, so none may wait behind another.
    const auto all = std::make_shared<std::latch>(kThreads + 1);
    for (int i = 0; i < kThreads; ++i) {
      ASSERT_TRUE(pool.Post([all] { all->arrive_and_wait(); }));
    }
    all->arrive_and_wait();
  }
}

TEST(WorkerPoolTest, WhatManyThreadsPostIsAllDone) {
  constexpr int kPosters = 8;
  constexpr int kTasks = 500;
  std::latch done(kPosters * kTasks);
  WorkerPool pool(kThreads, kPosters * kTasks);
  std::vector<std::thread> posters;
  posters.reserve(kPosters);
  for (int i = 0; i < kPosters; ++i) {
    posters.emplace_back([&pool, &done] {
      for (int task = 0; task < kTasks; ++task) {
        EXPECT_TRUE(pool.Post([&done] { done.count_down(); }));
      }
    });
  }
  for (std::thread& poster : posters) poster.join();
  done.wait();
}

TEST(WorkerPoolTest, WhatIsTooMuchIsRefused) {
  std::latch begun(1);
  std::latch end(1);
  std::atomic<bool> ran = false;
  WorkerPool pool(1, 1);
  ASSERT_TRUE(pool.Post([&] {
    begun.count_down();
    end.wait();
  }));
  begun.wait();
  EXPECT_TRUE(pool.Post([&ran] { ran = true; }));
  EXPECT_FALSE(pool.Post([] {}));
  end.count_down();
  while (!ran) std::this_thread::yield();
  pool.Stop();
  EXPECT_FALSE(pool.Post([] {}));
}

}  // namespace
}  // namespace libretto::cloud
