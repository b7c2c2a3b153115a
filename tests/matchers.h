// GoogleMock matchers for libretto::Status and StatusOr.
#pragma once

#include <ostream>

#include <gmock/gmock.h>

#include "base/errors.h"

namespace libretto::testing {

inline const Status& StatusOf(const Status& status) { return status; }
template <typename T>
const Status& StatusOf(const StatusOr<T>& result) {
  return result.status();
}

MATCHER(IsOk, "is OK") {
  const Status& status = StatusOf(arg);
  *result_listener << status.ToString();
  return status.ok();
}

MATCHER_P(HasCode, code, "has the code " + absl::StatusCodeToString(code)) {
  const Status& status = StatusOf(arg);
  *result_listener << status.ToString();
  return status.code() == code;
}

MATCHER_P(MessageHas, part,
          std::string("has a message with \"") + part + "\"") {
  const Status& status = StatusOf(arg);
  *result_listener << status.ToString();
  return Message(status).find(part) != std::string::npos;
}

}  // namespace libretto::testing
