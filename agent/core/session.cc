#include "agent/core/session.h"

#include <utility>

#include "base/check.h"

namespace libretto {

Status Session::Gate() const {
  switch (state_) {
    case State::kSignedIn:
    case State::kApiKey:
      return OkStatus();
    case State::kSignedOut:
      return WithRemedy(Unauthenticated("nobody is logged in"),
                        "librettoctl cloud auth login");
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

void Session::SignIn(Account account) {
  Enter(State::kSignedIn);
  account_ = std::move(account);
  key_ = DataKey::Generate();
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

void Session::Enter(State state) {
  state_ = state;
  ++epoch_;
  account_.reset();
  given_key_.reset();
  key_.reset();
}

}  // namespace libretto
