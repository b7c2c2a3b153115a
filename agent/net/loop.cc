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

Loop::~Loop() {
  for (Watched& watched : watched_) watched.descriptor.release();
}

void Loop::Watch(int fd, std::function<bool()> readable) {
  watched_.push_back(
      {asio::posix::stream_descriptor(context_, fd), std::move(readable)});
  Await(watched_.back());
}

void Loop::Await(Watched& watched) {
  watched.descriptor.async_wait(
      asio::posix::stream_descriptor::wait_read,
      [this, &watched](const asio::error_code& error) {
        if (error) return;
        const bool more = watched.readable();
        Rearm();
        if (more) return Await(watched);
        watched.descriptor.release();
      });
}

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
