// GrpcServer: gRPC with the agent's services on it and no port. It serves the
// connections it is given and listens on nothing: Debian's gRPC 1.51 gets no
// security fixes, so it only ever meets callers whose uid has been checked.
//
// Adopt(): loop thread. Shutdown(): the thread that made it, not the loop's
// turn.
#pragma once

#include <chrono>
#include <memory>

#include <grpcpp/server.h>

#include "agent/rpc/account_service.h"
#include "agent/rpc/agent_service.h"
#include "agent/rpc/call.h"
#include "agent/rpc/credential_service.h"
#include "agent/rpc/lock_service.h"
#include "base/unique_fd.h"

namespace libretto {

struct ConnectionLimits {
  std::chrono::milliseconds idle{30'000};
  std::chrono::milliseconds age{3'600'000};
  std::chrono::milliseconds age_grace{10'000};
  std::chrono::milliseconds keepalive{60'000};
  std::chrono::milliseconds keepalive_timeout{10'000};
};

class GrpcServer {
 public:
  GrpcServer(Executor& loop, Profiles& profiles, Lock& lock, const Clock& clock,
             ProcessFacts facts, std::function<void(const CallRecord&)> log,
             const ConnectionLimits& limits);
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  // Serves the connection, which has sent HTTP/2's preface.
  void Adopt(UniqueFd connection, const Caller& caller);

  // Takes no new calls, gives those in flight until `grace` is over, then
  // cancels them; returns when every handler has finished.
  void Shutdown(std::chrono::milliseconds grace);

 private:
  PeerTable peers_;
  CallContext context_;
  CredentialService credentials_;
  AccountService accounts_;
  AgentService agent_;
  LockService locking_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace libretto
