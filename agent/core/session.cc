#include "agent/core/session.h"

#include <utility>

#include "base/check.h"

namespace libretto {
namespace {

// What tells one data key from another without keeping it.
constexpr const char* kMark = "which data key it was";

}  // namespace

Status Session::Gate() const {
  switch (state_) {
    case State::kSignedIn:
    case State::kApiKey:
      return OkStatus();
    case State::kSignedOut:
      return WithRemedy(Unauthenticated("nobody is logged in"),
                        "librettoctl cloud auth login");
    case State::kLocked:
      return WithRemedy(Locked("the agent is locked"),
                        "librettoctl agent unlock");
    case State::kEnded:
      return WithRemedy(
          Unauthenticated("the session of " + account_->email + " at " +
                          account_->cookie.api_url +
                          " has ended: it expired, was signed out elsewhere, "
                          "or the password was changed"),
          "librettoctl cloud auth login");
  }
  return Internal("unknown session state");
}

const DataKey& Session::key() const {
  LIBRETTO_CHECK(key_.has_value());
  return *key_;
}

const Account& Session::account() const {
  LIBRETTO_CHECK(account_.has_value());
  return *account_;
}

const ApiKey& Session::given_key() const {
  LIBRETTO_CHECK(given_key_.has_value());
  return *given_key_;
}

Principal Session::principal() const {
  LIBRETTO_CHECK(usable());
  if (state_ == State::kApiKey) return given_key_->Clone();
  return account_->cookie.Clone();
}

std::string Session::api_url() const {
  if (account_.has_value()) return account_->cookie.api_url;
  if (given_key_.has_value()) return given_key_->api_url;
  return "";
}

void Session::SignIn(Account account, DataKey key) {
  Enter(State::kSignedIn);
  account_ = std::move(account);
  key_ = std::move(key);
}

void Session::UseApiKey(ApiKey key) {
  Enter(State::kApiKey);
  given_key_ = std::move(key);
  key_ = DataKey::Generate();
}

void Session::SignOut() { Enter(State::kSignedOut); }

void Session::MarkEnded() {
  LIBRETTO_CHECK(state_ == State::kSignedIn);
  Account ended = std::move(*account_);
  Enter(State::kEnded);
  account_ = std::move(ended);
}

void Session::Lock() {
  if (state_ == State::kLocked) return;
  const std::uint64_t account_epoch = account_epoch_;
  std::vector<std::byte> mark;
  if (key_.has_value()) mark = Seal(SecretBytes(), *key_, kMark);
  Enter(State::kLocked);
  account_epoch_ = account_epoch;
  locked_with_ = std::move(mark);
}

bool Session::Unlock(Account account, DataKey key) {
  LIBRETTO_CHECK(state_ == State::kLocked);
  const bool same = Open(locked_with_, key, kMark).ok();
  const std::uint64_t account_epoch = account_epoch_;
  SignIn(std::move(account), std::move(key));
  if (same) account_epoch_ = account_epoch;
  return same;
}

void Session::Enter(State state) {
  state_ = state;
  ++epoch_;
  ++account_epoch_;
  locked_with_.clear();
  account_.reset();
  given_key_.reset();
  key_.reset();
}

}  // namespace libretto
