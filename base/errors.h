// The vocabulary of failure: one constructor for each meaning, one canonical
// code for each constructor, the same on the wire (gRPC's codes are Abseil's).
// A status says what happened and why; its remedy, when there is one, is what
// to type. Neither ever contains a secret or echoes a request. Any thread.
//
// absl::string_view is a type of its own in Debian's build and stops here.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace libretto {

using absl::OkStatus;
using absl::Status;
using absl::StatusCode;
template <typename T>
using StatusOr = absl::StatusOr<T>;

// Called exactly once, on the loop that the call was made on.
template <typename T>
using Done = absl::AnyInvocable<void(StatusOr<T>) &&>;
using DoneStatus = absl::AnyInvocable<void(Status) &&>;

Status Locked(std::string_view why);           // the agent is locked
Status Unauthenticated(std::string_view why);  // nobody is signed in, or the
                                               // cloud disowned who is
Status Denied(std::string_view why);           // policy says no
Status NotFound(std::string_view why);         // no such thing
Status Invalid(std::string_view why);          // malformed request or input
Status Offline(std::string_view why);          // the cloud cannot be reached
                                               // and nothing is cached
Status TooSlow(std::string_view why);          // took too long
Status Corrupt(std::string_view why);          // sealed or stored data is not
                                               // what was written
Status Conflict(std::string_view why);         // somebody else was first
Status Throttled(std::string_view why, std::chrono::seconds wait);
Status Internal(std::string_view why);  // our bug

// The message as a std::string.
std::string Message(const Status& status);

// What to type, e.g. "librettoctl cloud auth login". Empty when there is none.
Status WithRemedy(Status status, std::string_view remedy);
std::string Remedy(const Status& status);

// A fixed word that tells apart what shares a code, e.g. "slug_taken". Empty
// when there is none.
Status WithReason(Status status, std::string_view reason);
std::string ReasonOf(const Status& status);

// How long a Throttled() status asks to wait; zero on any other.
std::chrono::seconds WaitOf(const Status& status);

// The same code, remedy, reason and wait under "`context`: message".
Status Annotate(const Status& status, std::string_view context);

// "`what`: strerror(error_number)", as a code that fits the errno.
Status FromErrno(int error_number, std::string_view what);

}  // namespace libretto
