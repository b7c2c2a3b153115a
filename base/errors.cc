#include "base/errors.h"

#include <string.h>
#include <cerrno>
#include <charconv>
#include <optional>

#include "absl/strings/cord.h"

namespace libretto {
namespace {

constexpr char kRemedyPayload[] = "libretto.remedy";
constexpr char kReasonPayload[] = "libretto.reason";
constexpr char kWaitPayload[] = "libretto.wait_s";

Status Make(StatusCode code, std::string_view why) {
  return Status(code, absl::string_view(why.data(), why.size()));
}

void SetPayload(Status& status, const char* type, std::string_view text) {
  status.SetPayload(type,
                    absl::Cord(absl::string_view(text.data(), text.size())));
}

std::string PayloadText(const Status& status, const char* type) {
  const auto payload = status.GetPayload(type);
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace

Status Locked(std::string_view why) {
  return Make(StatusCode::kFailedPrecondition, why);
}
Status Unauthenticated(std::string_view why) {
  return Make(StatusCode::kUnauthenticated, why);
}
Status Denied(std::string_view why) {
  return Make(StatusCode::kPermissionDenied, why);
}
Status NotFound(std::string_view why) {
  return Make(StatusCode::kNotFound, why);
}
Status Invalid(std::string_view why) {
  return Make(StatusCode::kInvalidArgument, why);
}
Status Offline(std::string_view why) {
  return Make(StatusCode::kUnavailable, why);
}
Status TooSlow(std::string_view why) {
  return Make(StatusCode::kDeadlineExceeded, why);
}
Status Corrupt(std::string_view why) {
  return Make(StatusCode::kDataLoss, why);
}
Status Conflict(std::string_view why) {
  return Make(StatusCode::kAborted, why);
}

Status Throttled(std::string_view why, std::chrono::seconds wait) {
  Status status = Make(StatusCode::kResourceExhausted, why);
  SetPayload(status, kWaitPayload, std::to_string(wait.count()));
  return status;
}

Status Internal(std::string_view why) {
  return Make(StatusCode::kInternal, why);
}

std::string Message(const Status& status) {
  return std::string(status.message());
}

Status WithRemedy(Status status, std::string_view remedy) {
  if (!status.ok()) SetPayload(status, kRemedyPayload, remedy);
  return status;
}

std::string Remedy(const Status& status) {
  return PayloadText(status, kRemedyPayload);
}

Status WithReason(Status status, std::string_view reason) {
  if (!status.ok()) SetPayload(status, kReasonPayload, reason);
  return status;
}

std::string ReasonOf(const Status& status) {
  return PayloadText(status, kReasonPayload);
}

std::chrono::seconds WaitOf(const Status& status) {
  const std::string text = PayloadText(status, kWaitPayload);
  long seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds(seconds);
}

Status Annotate(const Status& status, std::string_view context) {
  if (status.ok()) return status;
  std::string text(context);
  text += ": ";
  text += Message(status);
  Status annotated = Make(status.code(), text);
  status.ForEachPayload(
      [&annotated](absl::string_view type, const absl::Cord& payload) {
        annotated.SetPayload(type, payload);
      });
  return annotated;
}

Status FromErrno(int error_number, std::string_view what) {
  char buffer[128];
  std::string text(what);
  text += ": ";
  // The GNU variant, which returns the text and may leave the buffer alone.
  text += strerror_r(error_number, buffer, sizeof(buffer));
  switch (error_number) {
    case ENOENT:
      return NotFound(text);
    case EACCES:
    case EPERM:
    case EROFS:
      return Denied(text);
    case ECONNREFUSED:
      return Offline(text);
    case EINVAL:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case ENOTDIR:
      return Invalid(text);
    default:
      return Internal(text);
  }
}

}  // namespace libretto
