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
#include <functional>
#include <list>
#include <optional>
#include <vector>

#include "agent/core/executor.h"
#include "base/clock.h"

namespace libretto {

class Loop final : public Executor {
 public:
  explicit Loop(const Clock& clock);
  ~Loop() override;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  asio::io_context& context() { return context_; }

  // `ticker` must outlive the loop's last turn.
  void Add(Ticker& ticker) { tickers_.push_back(&ticker); }

  // Calls `readable` whenever `fd`, which stays somebody else's, is; until it
  // returns false or the loop ends.
  void Watch(int fd, std::function<bool()> readable);

  void Post(Task task) override;
  void Run();
  void Stop() { context_.stop(); }

 private:
  struct Watched {
    asio::posix::stream_descriptor descriptor;
    std::function<bool()> readable;
  };

  void Await(Watched& watched);
  void Rearm();

  const Clock& clock_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::steady_timer timer_;
  std::optional<TimePoint> armed_for_;
  std::vector<Ticker*> tickers_;
  std::list<Watched> watched_;
};

}  // namespace libretto
