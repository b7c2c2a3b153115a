// Breaker: whether the cloud may be asked now; one for all who ask on behalf of
// one account. When the cloud asks to wait (429, or Retry-After with a 5xx),
// nobody asks before that time is up. When it fails or cannot be reached,
// nobody asks for a while that doubles with each failure. After either, one
// request goes first as a probe and the others wait for what it learns.
//
// Loop thread only. Completions may run before the call has returned.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/errors.h"

namespace libretto {

// Whether `status` says that the cloud cannot be asked just now: what it said
// last still stands.
inline bool WillPass(const Status& status) {
  return status.code() == StatusCode::kUnavailable ||
         status.code() == StatusCode::kDeadlineExceeded ||
         status.code() == StatusCode::kResourceExhausted;
}

class Breaker final : public Ticker {
 public:
  // Uniform in [0, 1): what keeps the agents of many machines from coming back
  // all at once.
  using Jitter = std::function<double()>;
  // Which of the cloud's better and worse times a request was sent in.
  using Ticket = std::uint64_t;

  enum class State {
    kClosed,   // requests flow
    kWaiting,  // none is sent before next_try()
    kProbing,  // one has been sent, the others wait for its answer
  };
  enum class Urgency {
    kUsual,
    kAsked,  // by a person, who may know better than our own back-off
  };

  static constexpr std::chrono::seconds kFirstWait{1};
  static constexpr std::chrono::seconds kLongestWait{60};
  // A wait that is no longer than this is waited out instead of reported.
  static constexpr std::chrono::seconds kPatience{2};

  // `jitter` and `clock` outlive it.
  Breaker(const Clock& clock, const Jitter& jitter)
      : clock_(clock), jitter_(jitter) {}

  // `go` gets a ticket when a request may be sent, and hands it back with the
  // outcome through Leave(); or it gets why none may be: Offline(), or
  // Throttled() with the time that is left.
  void Enter(Urgency urgency, Done<Ticket> go);
  void Leave(Ticket ticket, const Status& outcome);

  State state() const;
  // While not closed: when the cloud will be asked again.
  std::optional<TimePoint> next_try() const { return not_before_; }
  // While not closed: whether the cloud itself has asked to wait.
  bool told_to_wait() const { return told_to_wait_; }

  // Nobody is inside or waits to be.
  bool idle() const { return inside_ == 0 && queue_.empty(); }

  std::optional<TimePoint> NextDeadline() const override;
  void Tick() override;

 private:
  void Admit(Done<Ticket> go);
  void Failed(Ticket ticket, const Status& why);
  void ToldToWait(Ticket ticket, const Status& why);
  void Open(TimePoint not_before, const Status& why);
  void Close();
  std::chrono::nanoseconds BackOff() const;
  Status Refusal() const;

  const Clock& clock_;
  const Jitter& jitter_;
  std::optional<TimePoint> not_before_;  // empty: closed
  bool probing_ = false;
  bool told_to_wait_ = false;
  Status why_;
  int failures_ = 0;    // in a row
  Ticket current_ = 0;  // moves whenever it opens
  std::size_t inside_ = 0;
  std::vector<Done<Ticket>> queue_;
};

// The breakers by profile and cloud. Callers with an API key of their own have
// no profile and share one for each cloud: theirs are many short lives.
//
// Loop thread only.
class Breakers final : public Ticker {
 public:
  static constexpr std::size_t kMax = 256;

  Breakers(const Clock& clock, Breaker::Jitter jitter)
      : clock_(clock), jitter_(std::move(jitter)) {}

  // Valid at least until it is idle().
  Breaker& For(const std::string& profile, const std::string& api_url);
  // Nothing when nobody has asked there.
  const Breaker* Find(const std::string& profile,
                      const std::string& api_url) const;

  std::optional<TimePoint> NextDeadline() const override;
  void Tick() override;

 private:
  using Key = std::pair<std::string, std::string>;

  const Clock& clock_;
  const Breaker::Jitter jitter_;
  std::map<Key, std::unique_ptr<Breaker>> breakers_;
};

// The jitter of everyday.
double RandomFraction();

}  // namespace libretto
