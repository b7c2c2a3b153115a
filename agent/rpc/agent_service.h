// libretto.agent.v1.Agent. Loop thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "agent/core/audit.h"
#include "agent/core/lock.h"
#include "agent/rpc/call.h"
#include "libretto/agent/v1/agent.pb.h"

namespace libretto {

// What protects this process, as the kernel said. See the proto's fields.
struct Hardening {
  std::string key_memory;
  bool system_calls_filtered = false;
  int landlock_abi = 0;
  std::vector<std::uint16_t> cloud_ports;
  std::string missing;
};

// What the desktop tells the agent, in words for people and `agent status`.
struct LockTriggers {
  std::vector<std::string> active;  // "suspend", "screen lock", ...
  std::string missing;              // why the others are not; empty: all are
};

// What only the process as a whole knows. Loop thread.
struct ProcessFacts {
  std::string version;
  std::string socket;
  Hardening hardening;
  TimePoint started;
  std::function<std::size_t()> connections;
  std::function<std::int64_t()> resident_bytes;
  // What locks the agent by itself besides its own timer.
  std::function<LockTriggers()> lock_triggers;
  // Begins the stop; `stopped` runs when the leased key has been dealt with.
  std::function<void(absl::AnyInvocable<void() &&> stopped)> stop;
  std::function<Audit::State()> audit;
};

class AgentService final {
 public:
  AgentService(CallContext& context, const Lock& lock, const Clock& clock,
               ProcessFacts facts)
      : context_(context),
        lock_(lock),
        clock_(clock),
        facts_(std::move(facts)) {}

  // This outlives `methods`.
  void RegisterWith(GrpcMethods& methods);

 private:
  void Status(ExchangePtr exchange, const agent::v1::StatusRequest* request,
              agent::v1::StatusResponse* response);
  void Stop(ExchangePtr exchange, const agent::v1::StopRequest* request,
            agent::v1::StopResponse* response);

  void Fill(const Profile& profile, agent::v1::StatusResponse* response) const;

  void FillLock(agent::v1::StatusResponse* response) const;
  void FillHardening(agent::v1::StatusResponse* response) const;
  void FillAudit(agent::v1::StatusResponse* response) const;

  CallContext& context_;
  const Lock& lock_;
  const Clock& clock_;
  const ProcessFacts facts_;
};

}  // namespace libretto
