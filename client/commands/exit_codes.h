// Exit codes of librettoctl, fixed for good: scripts depend on them. The table
// is what `librettoctl help exit-codes` prints. Any thread.
#pragma once

#include <span>
#include <string_view>

#include "base/errors.h"

namespace libretto {

enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,
  kUnreachable = 2,
  kDenied = 3,
  kLocked = 4,
  kNotFound = 5,
  kOffline = 6,
  kThrottled = 7,
  kUsage = 64,
  kNotExecuted = 125,  // `run`: failed before its command
  kNotExecutable = 126,
  kCommandNotFound = 127,
};

struct ExitCodeRow {
  ExitCode code;
  std::string_view meaning;
};

// Every code, ascending.
std::span<const ExitCodeRow> ExitCodes();

// The code for what a command ended with; never one of `run`'s.
ExitCode ExitCodeOf(const Status& status);

}  // namespace libretto
