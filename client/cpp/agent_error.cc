#include "libretto/agent_error.h"

#include "client/cpp/to_agent_error.h"

namespace libretto {

std::string_view NameOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kCancelled:
      return "CANCELLED";
    case ErrorCode::kUnknown:
      return "UNKNOWN";
    case ErrorCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case ErrorCode::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case ErrorCode::kNotFound:
      return "NOT_FOUND";
    case ErrorCode::kAlreadyExists:
      return "ALREADY_EXISTS";
    case ErrorCode::kPermissionDenied:
      return "PERMISSION_DENIED";
    case ErrorCode::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case ErrorCode::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case ErrorCode::kAborted:
      return "ABORTED";
    case ErrorCode::kOutOfRange:
      return "OUT_OF_RANGE";
    case ErrorCode::kUnimplemented:
      return "UNIMPLEMENTED";
    case ErrorCode::kInternal:
      return "INTERNAL";
    case ErrorCode::kUnavailable:
      return "UNAVAILABLE";
    case ErrorCode::kDataLoss:
      return "DATA_LOSS";
    case ErrorCode::kUnauthenticated:
      return "UNAUTHENTICATED";
  }
  return "UNKNOWN";
}

AgentError ToAgentError(const Status& status) {
  const int code = status.raw_code();
  const bool known = code >= static_cast<int>(ErrorCode::kCancelled) &&
                     code <= static_cast<int>(ErrorCode::kUnauthenticated);
  return {.code = known ? static_cast<ErrorCode>(code) : ErrorCode::kUnknown,
          .message = Message(status),
          .remedy = Remedy(status),
          .reason = ReasonOf(status),
          .wait = WaitOf(status)};
}

}  // namespace libretto
