#include "agent/core/browser_login.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace libretto {
namespace {

Status NobodyApproved() {
  return WithRemedy(TooSlow("nobody approved the login in the browser in time"),
                    "librettoctl cloud auth login --browser");
}

}  // namespace

std::uint64_t BrowserLogin::Start(const std::string& api_url,
                                  OnProgress on_progress,
                                  Done<SignedInAs> done) {
  const std::uint64_t id = ++ids_;
  // What it leads to has to be stored; better to say now that it cannot be.
  if (const Status ready = accounts_.CheckStore(); !ready.ok()) {
    std::move(done)(ready);
    return id;
  }
  Attempt& attempt = attempts_[id];
  attempt.on_progress = std::move(on_progress);
  attempt.done = std::move(done);
  attempt.give_up = clock_.Now() + kMaxWait;
  remote_.OpenBrowserLogin(api_url,
                           [this, id](StatusOr<BrowserLoginRequest> request) {
                             Opened(id, std::move(request));
                           });
  return id;
}

void BrowserLogin::Opened(std::uint64_t id,
                          StatusOr<BrowserLoginRequest> request) {
  const auto found = attempts_.find(id);
  if (found == attempts_.end()) return;
  if (!request.ok()) return Finish(id, request.status());
  Attempt& attempt = found->second;
  attempt.request = *std::move(request);
  attempt.next_poll = clock_.Now();
  attempt.on_progress(&*attempt.request);
}

void BrowserLogin::EndAll(const Status& why) {
  while (!attempts_.empty()) Finish(attempts_.begin()->first, why);
}

std::optional<TimePoint> BrowserLogin::NextDeadline() const {
  std::optional<TimePoint> next;
  for (const auto& [id, attempt] : attempts_) {
    if (!attempt.next_poll.has_value()) continue;
    next = std::min(next.value_or(*attempt.next_poll), *attempt.next_poll);
  }
  return next;
}

void BrowserLogin::Tick() {
  std::vector<std::uint64_t> due;
  for (const auto& [id, attempt] : attempts_) {
    if (attempt.next_poll.has_value() && *attempt.next_poll <= clock_.Now()) {
      due.push_back(id);
    }
  }
  for (const std::uint64_t id : due) Poll(id);
}

void BrowserLogin::Poll(std::uint64_t id) {
  Attempt& attempt = attempts_.at(id);
  if (clock_.Now() >= attempt.give_up) return Finish(id, NobodyApproved());
  attempt.next_poll.reset();
  remote_.PollBrowserLogin(*attempt.request,
                           [this, id](StatusOr<BrowserLoginState> state) {
                             Polled(id, std::move(state));
                           });
}

void BrowserLogin::Polled(std::uint64_t id, StatusOr<BrowserLoginState> state) {
  const auto found = attempts_.find(id);
  if (found == attempts_.end()) return;
  const StatusCode code = state.status().code();
  if (!state.ok() && code != StatusCode::kUnavailable &&
      code != StatusCode::kResourceExhausted) {
    return Finish(id, state.status());
  }
  if (state.ok() && state->kind == BrowserLoginState::Kind::kExpired) {
    return Finish(id, NobodyApproved());
  }
  if (state.ok() && state->kind == BrowserLoginState::Kind::kApproved) {
    return Finish(id, Approve(*std::move(state)));
  }
  Attempt& attempt = found->second;
  const auto wait =
      std::max<std::chrono::seconds>(kPollInterval, WaitOf(state.status()));
  attempt.next_poll = clock_.Now() + wait;
  attempt.on_progress(nullptr);
}

StatusOr<SignedInAs> BrowserLogin::Approve(BrowserLoginState state) {
  SignedInAs signed_in{state.facts.email, "", state.facts.email_verified};
  const Status adopted =
      accounts_.Adopt({std::move(state.cookie), state.facts.user_id,
                       state.facts.email, state.facts.expires_at});
  if (!adopted.ok()) return adopted;
  return signed_in;
}

void BrowserLogin::Finish(std::uint64_t id, StatusOr<SignedInAs> outcome) {
  auto attempt = attempts_.extract(id);
  std::move(attempt.mapped().done)(std::move(outcome));
}

}  // namespace libretto
