// What the log and the audit log say of a call. Loop thread only.
#pragma once

#include <cstdint>

#include "agent/core/audit.h"
#include "agent/grpc/allowance.h"
#include "agent/rpc/call.h"
#include "base/clock.h"

namespace libretto {

void LogCall(const CallRecord& call);

// Lines that a caller can provoke without end: some at once, then one a second.
// The next one says how many were left out.
class ProvokedLines {
 public:
  explicit ProvokedLines(const Clock& clock)
      : clock_(clock), allowance_(kBurst, /*per_s=*/1, clock.Now()) {}

  void Refused(const Caller& caller);
  void Cut(const Caller& caller, const Status& why);

 private:
  static constexpr int kBurst = 20;

  void Log(std::string_view what, const Caller& caller, std::string_view why);

  const Clock& clock_;
  Allowance allowance_;
  std::uint64_t left_out_ = 0;
};

// Nothing for a call that only looks at the agent itself.
std::optional<AuditEvent> AuditEventOf(const CallRecord& call);

}  // namespace libretto
