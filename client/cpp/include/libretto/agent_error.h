// What goes wrong, in the agent's words, and Result, which is either a value or
// that. The library throws nothing of its own (std::bad_alloc apart).
//
// Immutable after construction.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace libretto {

// gRPC's codes. The comments say what the agent means by each.
enum class ErrorCode {
  kCancelled = 1,  // the caller's stop token has ended the call
  kUnknown = 2,
  kInvalidArgument = 3,     // an impossible name or setting
  kDeadlineExceeded = 4,    // it took the agent too long
  kNotFound = 5,            // no such credential
  kAlreadyExists = 6,       // never sent
  kPermissionDenied = 7,    // not allowed, or the socket is somebody else's
  kResourceExhausted = 8,   // too many attempts: `wait` says how long
  kFailedPrecondition = 9,  // the agent is locked
  kAborted = 10,            // somebody else has logged in
  kOutOfRange = 11,         // never sent
  kUnimplemented = 12,      // the agent is older than this library
  kInternal = 13,           // a bug of the agent
  kUnavailable = 14,        // `reason` tells: the agent, or else the cloud
  kDataLoss = 15,           // what is stored is not what was written
  kUnauthenticated = 16,    // nobody is logged in
};

// As gRPC spells it: "NOT_FOUND".
std::string_view NameOf(ErrorCode code);

// Never holds a credential's value.
struct AgentError {
  ErrorCode code = ErrorCode::kUnknown;
  // What happened and why.
  std::string message = {};
  // What to type, e.g. "librettoctl cloud auth login"; may be empty.
  std::string remedy = {};
  // A fixed word for what shares a code; may be empty. With kUnavailable,
  // "agent_not_running" and "agent_unreachable" are about the agent, all else
  // is about the cloud.
  std::string reason = {};
  // With kResourceExhausted: when to try again.
  std::chrono::seconds wait{0};
};

template <typename T>
class [[nodiscard]] Result {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): `return value;`
  Result(T value) : outcome_(std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor): `return error;`
  Result(AgentError error) : outcome_(std::move(error)) {}

  bool ok() const { return outcome_.index() == 0; }

  // REQUIRES: ok(); throws std::bad_variant_access otherwise.
  T& value() & { return std::get<0>(outcome_); }
  const T& value() const& { return std::get<0>(outcome_); }
  T&& value() && { return std::get<0>(std::move(outcome_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES: !ok(); throws std::bad_variant_access otherwise.
  const AgentError& error() const { return std::get<1>(outcome_); }

 private:
  std::variant<T, AgentError> outcome_;
};

}  // namespace libretto
