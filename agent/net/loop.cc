#include "agent/net/loop.h"

#include <algorithm>
#include <asio/post.hpp>
#include <utility>

namespace libretto {
namespace {

constexpr std::chrono::seconds kMaxSleep{15};

}  // namespace

Loop::Loop(const Clock& clock)
    : clock_(clock), work_(asio::make_work_guard(context_)), timer_(context_) {}

void Loop::Post(Task task) {
  asio::post(context_, [this, task = std::move(task)]() mutable {
    std::move(task)();
    Rearm();
  });
}

void Loop::Run() {
  Rearm();
  context_.run();
}

void Loop::Rearm() {
  std::optional<TimePoint> next;
  for (const Ticker* ticker : tickers_) {
    const auto deadline = ticker->NextDeadline();
    if (deadline.has_value() && (!next.has_value() || *deadline < *next)) {
      next = deadline;
    }
  }
  if (next == armed_for_) return;
  armed_for_ = next;
  if (!next.has_value()) {
    timer_.cancel();
    return;
  }
  const auto wait = std::clamp<std::chrono::nanoseconds>(
      *next - clock_.Now(), std::chrono::nanoseconds(0), kMaxSleep);
  timer_.expires_after(wait);
  timer_.async_wait([this](const asio::error_code& error) {
    if (error) return;
    armed_for_.reset();
    for (Ticker* ticker : tickers_) ticker->Tick();
    Rearm();
  });
}

}  // namespace libretto
