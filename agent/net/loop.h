// Loop: the one thread that owns the core. Runs what is posted, in order, and
// ticks the core's objects when they are due. Asio's timers do not count
// suspended time, so it never sleeps longer than 15 seconds while a deadline is
// pending.
//
// Post() and Stop(): any thread. The rest: the thread that calls Run().
#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <list>
#include <optional>
#include <utility>
#include <vector>

#include "agent/core/executor.h"
#include "base/clock.h"

namespace libretto {

class Loop final : public Executor {
 public:
  // How long the machine has slept since it was started.
  using Slept = std::function<std::chrono::nanoseconds()>;

  explicit Loop(const Clock& clock, Slept slept = SleptSinceBoot);
  ~Loop() override;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  asio::io_context& context() { return context_; }

  // `ticker` must outlive the loop's last turn.
  void Add(Ticker& ticker) { tickers_.push_back(&ticker); }

  // Calls `readable` whenever `fd`, which stays somebody else's, is; until it
  // returns false or the loop ends.
  void Watch(int fd, std::function<bool()> readable);

  // Calls `resumed` when the machine turns out to have slept: at the next thing
  // that happens, at the latest 15 seconds later while a deadline is pending.
  void OnResume(std::function<void()> resumed) {
    resumed_ = std::move(resumed);
  }

  void Post(Task task) override;
  void Run();
  void Stop() { context_.stop(); }

 private:
  struct Watched {
    asio::posix::stream_descriptor descriptor;
    std::function<bool()> readable;
  };

  static std::chrono::nanoseconds SleptSinceBoot();

  void Await(Watched& watched);
  void Rearm();
  void NoticeSleep();

  const Clock& clock_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::steady_timer timer_;
  std::optional<TimePoint> armed_for_;
  std::vector<Ticker*> tickers_;
  const Slept slept_;
  std::chrono::nanoseconds slept_before_;
  std::function<void()> resumed_ = [] {};
  std::list<Watched> watched_;
};

}  // namespace libretto
