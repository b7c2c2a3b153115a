// GrpcServer: gRPC with the agent's services on it and no port. It serves the
// connections it is given and listens on nothing: Debian's gRPC 1.51 gets no
// security fixes, so it only ever meets callers whose uid has been checked.
//
// It is two servers, because gRPC answers health checks and reflection by
// itself: who comes through a scope's socket finds neither.
//
// Adopt(): loop thread. Shutdown(): the thread that made it, not the loop's
// turn.
#pragma once

#include <chrono>
#include <memory>

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "agent/rpc/account_service.h"
#include "agent/rpc/agent_service.h"
#include "agent/rpc/call.h"
#include "agent/rpc/credential_service.h"
#include "agent/rpc/lock_service.h"
#include "agent/rpc/scope_service.h"
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
  GrpcServer(Executor& loop, Profiles& profiles, Scopes& scopes, Lock& lock,
             const Clock& clock, const ProcessFacts& facts,
             std::function<void(const CallRecord&)> log,
             const ConnectionLimits& limits);
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  // Serves the connection, which has sent HTTP/2's preface.
  void Adopt(UniqueFd connection, const Caller& caller);

  // Hangs up on the connection that was adopted as `fd` and is still open,
  // unless a call is in flight on it; false then.
  bool EndIdle(int fd);

  // Takes no new calls, gives those in flight until `grace` is over, then
  // cancels them; returns when every handler has finished.
  void Shutdown(std::chrono::milliseconds grace);

 private:
  struct Services {
    Services(CallContext& context, Lock& lock, const Clock& clock,
             const ProcessFacts& facts);
    void RegisterWith(grpc::ServerBuilder& builder);

    CredentialService credentials;
    AccountService accounts;
    AgentService agent;
    LockService locking;
    ScopeService scopes;
  };

  void StartMain(const ConnectionLimits& limits);
  void StartForScopes(const ConnectionLimits& limits);

  PeerTable peers_;
  CallContext context_;
  Services services_;
  Services services_for_scopes_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<grpc::Server> server_for_scopes_;
};

}  // namespace libretto
