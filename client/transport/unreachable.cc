#include "client/transport/unreachable.h"

namespace libretto {
namespace {

constexpr std::string_view kUnreachable = "agent_unreachable";
constexpr std::string_view kNobodyListens = "agent_not_running";

}  // namespace

Status Unreachable(std::string_view why) {
  return WithReason(Offline(why), kUnreachable);
}

Status NobodyListens(std::string_view why) {
  return WithReason(Offline(why), kNobodyListens);
}

bool IsUnreachable(const Status& status) {
  return ReasonOf(status) == kUnreachable || IsNobodyListening(status);
}

bool IsNobodyListening(const Status& status) {
  return ReasonOf(status) == kNobodyListens;
}

}  // namespace libretto
