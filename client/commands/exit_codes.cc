#include "client/commands/exit_codes.h"

#include "client/transport/unreachable.h"

namespace libretto {
namespace {

constexpr ExitCodeRow kRows[] = {
    {ExitCode::kOk, "it worked"},
    {ExitCode::kFailed, "it failed, for none of the reasons below"},
    {ExitCode::kUnreachable, "the agent cannot be reached or started"},
    {ExitCode::kDenied, "not allowed"},
    {ExitCode::kLocked, "locked, or not logged in"},
    {ExitCode::kNotFound, "there is no such credential or thing"},
    {ExitCode::kOffline, "the cloud is unreachable and nothing is cached"},
    {ExitCode::kThrottled, "too many attempts, or the cloud asks to wait"},
    {ExitCode::kUsage, "the command line is wrong, or a value in it"},
    {ExitCode::kNotExecuted, "under run: a failure before the command"},
    {ExitCode::kNotExecutable, "under run: the command cannot be executed"},
    {ExitCode::kCommandNotFound, "under run: the command was not found"},
};

}  // namespace

std::span<const ExitCodeRow> ExitCodes() { return kRows; }

ExitCode ExitCodeOf(const Status& status) {
  if (IsUnreachable(status)) return ExitCode::kUnreachable;
  switch (status.code()) {
    case StatusCode::kOk:
      return ExitCode::kOk;
    case StatusCode::kPermissionDenied:
      return ExitCode::kDenied;
    case StatusCode::kFailedPrecondition:
    case StatusCode::kUnauthenticated:
      return ExitCode::kLocked;
    case StatusCode::kNotFound:
      return ExitCode::kNotFound;
    case StatusCode::kUnavailable:
    case StatusCode::kDeadlineExceeded:
      return ExitCode::kOffline;
    case StatusCode::kResourceExhausted:
      return ExitCode::kThrottled;
    case StatusCode::kInvalidArgument:
      return ExitCode::kUsage;
    default:
      return ExitCode::kFailed;
  }
}

}  // namespace libretto
