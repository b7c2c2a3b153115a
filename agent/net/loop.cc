#include "agent/net/loop.h"

#include <algorithm>
#include <asio/post.hpp>
#include <ctime>
#include <utility>

namespace libretto {
namespace {

constexpr std::chrono::seconds kMaxSleep{15};
// The two clocks are not read at the same moment.
constexpr std::chrono::milliseconds kShortestSleep{500};

std::chrono::nanoseconds Read(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::chrono::seconds(now.tv_sec) +
         std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

Loop::Loop(const Clock& clock, Slept slept)
    : clock_(clock),
      work_(asio::make_work_guard(context_)),
      timer_(context_),
      slept_(std::move(slept)),
      slept_before_(slept_()) {}

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

std::chrono::nanoseconds Loop::SleptSinceBoot() {
  return Read(CLOCK_BOOTTIME) - Read(CLOCK_MONOTONIC);
}

void Loop::NoticeSleep() {
  const std::chrono::nanoseconds slept = slept_();
  if (slept - slept_before_ < kShortestSleep) return;
  slept_before_ = slept;
  resumed_();
}

void Loop::Rearm() {
  NoticeSleep();
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
