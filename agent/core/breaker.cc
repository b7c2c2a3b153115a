#include "agent/core/breaker.h"

#include <algorithm>
#include <random>

namespace libretto {

using std::chrono::seconds;

void Breaker::Enter(Urgency urgency, Done<Ticket> go) {
  if (!not_before_.has_value()) return Admit(std::move(go));
  if (probing_) return queue_.push_back(std::move(go));
  const auto wait = *not_before_ - clock_.Now();
  const bool may_insist = urgency == Urgency::kAsked && !told_to_wait_;
  if (wait.count() <= 0 || may_insist) {
    probing_ = true;
    return Admit(std::move(go));
  }
  if (wait <= kPatience) return queue_.push_back(std::move(go));
  std::move(go)(Refusal());
}

void Breaker::Admit(Done<Ticket> go) {
  ++inside_;
  std::move(go)(current_);
}

void Breaker::Leave(Ticket ticket, const Status& outcome) {
  --inside_;
  switch (outcome.code()) {
    case StatusCode::kUnavailable:
    case StatusCode::kDeadlineExceeded:
      return Failed(ticket, outcome);
    case StatusCode::kResourceExhausted:
      return ToldToWait(ticket, outcome);
    default:
      break;
  }
  // Any other answer is one of a cloud that works. What was sent before it
  // asked to wait has no say in that.
  if (ticket == current_ || !told_to_wait_) Close();
}

void Breaker::Failed(Ticket ticket, const Status& why) {
  // Sixty requests that fail together are one failure.
  if (ticket != current_) return;
  ++failures_;
  told_to_wait_ = false;
  Open(clock_.Now() + BackOff(), why);
}

void Breaker::ToldToWait(Ticket ticket, const Status& why) {
  const TimePoint told = clock_.Now() + WaitOf(why);
  if (ticket != current_) {
    // The longest of what it has said counts.
    if (!told_to_wait_ || !not_before_.has_value()) return;
    not_before_ = std::max(*not_before_, told);
    return;
  }
  ++failures_;
  told_to_wait_ = true;
  // It may ask for a second each time: that is not what it means.
  Open(std::max(told, clock_.Now() + BackOff()), why);
}

void Breaker::Open(TimePoint not_before, const Status& why) {
  not_before_ = not_before;
  why_ = why;
  probing_ = false;
  ++current_;
  // Who has waited for the probe has waited long enough.
  for (Done<Ticket>& go : std::exchange(queue_, {})) {
    std::move(go)(Refusal());
  }
}

void Breaker::Close() {
  not_before_.reset();
  probing_ = false;
  told_to_wait_ = false;
  failures_ = 0;
  why_ = OkStatus();
  for (Done<Ticket>& go : std::exchange(queue_, {})) Admit(std::move(go));
}

std::chrono::nanoseconds Breaker::BackOff() const {
  constexpr int kMaxDoublings = 16;
  const std::chrono::nanoseconds full = std::min<seconds>(
      kFirstWait * (1 << std::min(failures_ - 1, kMaxDoublings)), kLongestWait);
  const double part = 0.5 + jitter_() / 2;
  return std::chrono::nanoseconds(
      static_cast<std::int64_t>(static_cast<double>(full.count()) * part));
}

Status Breaker::Refusal() const {
  const auto left = std::max(
      std::chrono::ceil<seconds>(*not_before_ - clock_.Now()), seconds(1));
  if (told_to_wait_) return Throttled(Message(why_), left);
  Status refusal = Offline(Message(why_) + " (to be tried again in " +
                           std::to_string(left.count()) + " s)");
  const std::string remedy = Remedy(why_);
  return remedy.empty() ? refusal : WithRemedy(std::move(refusal), remedy);
}

Breaker::State Breaker::state() const {
  if (!not_before_.has_value()) return State::kClosed;
  return probing_ ? State::kProbing : State::kWaiting;
}

std::optional<TimePoint> Breaker::NextDeadline() const {
  if (queue_.empty() || probing_) return std::nullopt;
  return not_before_;
}

void Breaker::Tick() {
  const auto due = NextDeadline();
  if (!due.has_value() || clock_.Now() < *due) return;
  probing_ = true;
  Done<Ticket> first = std::move(queue_.front());
  queue_.erase(queue_.begin());
  Admit(std::move(first));
}

Breaker& Breakers::For(const std::string& profile, const std::string& api_url) {
  const Key key(profile, api_url);
  if (const auto found = breakers_.find(key); found != breakers_.end()) {
    return *found->second;
  }
  if (breakers_.size() >= kMax) {
    std::erase_if(breakers_,
                  [](const auto& item) { return item.second->idle(); });
  }
  return *breakers_.emplace(key, std::make_unique<Breaker>(clock_, jitter_))
              .first->second;
}

const Breaker* Breakers::Find(const std::string& profile,
                              const std::string& api_url) const {
  const auto found = breakers_.find(Key(profile, api_url));
  return found == breakers_.end() ? nullptr : found->second.get();
}

std::optional<TimePoint> Breakers::NextDeadline() const {
  std::optional<TimePoint> next;
  for (const auto& [key, breaker] : breakers_) {
    const auto deadline = breaker->NextDeadline();
    if (deadline.has_value()) {
      next = std::min(next.value_or(*deadline), *deadline);
    }
  }
  return next;
}

void Breakers::Tick() {
  for (const auto& [key, breaker] : breakers_) breaker->Tick();
}

double RandomFraction() {
  static std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

}  // namespace libretto
