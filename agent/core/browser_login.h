// BrowserLogin: logging in through a page that somebody approves. The cloud is
// asked every two seconds; a busy or unreachable cloud in between is no reason
// to give up, only the end of the request's life is.
//
// Loop thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "agent/core/accounts.h"
#include "agent/core/remote.h"
#include "base/clock.h"

namespace libretto {

class BrowserLogin final : public Ticker {
 public:
  // What the caller is told on the way; `request` only the first time.
  using OnProgress =
      absl::AnyInvocable<void(const BrowserLoginRequest* request)>;

  static constexpr std::chrono::seconds kPollInterval{2};
  // The contract's requests live ten minutes; no cloud may hold us longer.
  static constexpr std::chrono::minutes kMaxWait{10};

  BrowserLogin(Accounts& accounts, AccountRemote& remote, const Clock& clock)
      : accounts_(accounts), remote_(remote), clock_(clock) {}

  // Returns a number for Cancel(). TooSlow() when nobody approved in time.
  std::uint64_t Start(const std::string& api_url, OnProgress on_progress,
                      Done<SignedInAs> done);

  // The caller has left: no more questions, and no more calls to it.
  void Cancel(std::uint64_t id) { attempts_.erase(id); }

  // Nobody is logged in through a browser for now; each caller hears `why`.
  void EndAll(const Status& why);

  std::optional<TimePoint> NextDeadline() const override;
  void Tick() override;

 private:
  struct Attempt {
    OnProgress on_progress;
    Done<SignedInAs> done;
    std::optional<BrowserLoginRequest> request;
    std::optional<TimePoint> next_poll;  // nothing while one is in flight
    TimePoint give_up;
  };

  void Opened(std::uint64_t id, StatusOr<BrowserLoginRequest> request);
  void Poll(std::uint64_t id);
  void Polled(std::uint64_t id, StatusOr<BrowserLoginState> state);
  void Finish(std::uint64_t id, StatusOr<SignedInAs> outcome);
  StatusOr<SignedInAs> Approve(BrowserLoginState state);

  Accounts& accounts_;
  AccountRemote& remote_;
  const Clock& clock_;
  std::uint64_t ids_ = 0;
  std::map<std::uint64_t, Attempt> attempts_;
};

}  // namespace libretto
