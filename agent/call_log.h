// What the log and the audit log say of a call. Loop thread only.
#pragma once

#include "agent/core/audit.h"
#include "agent/rpc/call.h"

namespace libretto {

void LogCall(const CallRecord& call);
void LogRefused(const Caller& caller);

// Nothing for a call that only looks at the agent itself.
std::optional<AuditEvent> AuditEventOf(const CallRecord& call);

}  // namespace libretto
