// GrpcServer: the agent's services on the connections that it is given. Who
// comes through a scope's socket finds the agent's own services alone, and is
// refused what is not for scopes with a reason; the main socket has health
// checks and reflection as well, for stock tools.
//
// Loop thread only.
#pragma once

#include <asio/io_context.hpp>
#include <chrono>
#include <functional>

#include "agent/core/connection_host.h"
#include "agent/grpc/grpc_connections.h"
#include "agent/rpc/account_service.h"
#include "agent/rpc/agent_service.h"
#include "agent/rpc/call.h"
#include "agent/rpc/credential_service.h"
#include "agent/rpc/health_service.h"
#include "agent/rpc/lock_service.h"
#include "agent/rpc/scope_service.h"
#include "base/unique_fd.h"

namespace libretto {

class GrpcServer final : public ConnectionHost {
 public:
  GrpcServer(asio::io_context& io, Executor& loop, Profiles& profiles,
             Scopes& scopes, Lock& lock, const Clock& clock,
             const ProcessFacts& facts,
             std::function<void(const CallRecord&)> log,
             const ConnectionLimits& limits,
             GrpcConnections::ProcessOf process_of, GrpcConnections::Cut cut);
  ~GrpcServer() override = default;
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  void Adopt(UniqueFd connection, const Caller& caller) override;
  std::size_t Connections(ScopeId scope) const override {
    return connections_.Count(scope);
  }
  bool MakeRoom(ScopeId scope) override { return connections_.MakeRoom(scope); }
  void HangUp(ScopeId scope) override { connections_.HangUp(scope); }

  // See GrpcConnections.
  void Shutdown(std::chrono::milliseconds grace, std::function<void()> done) {
    connections_.Shutdown(grace, std::move(done));
  }

 private:
  CallContext context_;
  CredentialService credentials_;
  AccountService accounts_;
  AgentService agent_;
  LockService locking_;
  ScopeService scopes_;
  HealthService health_;
  GrpcMethods for_scopes_;
  GrpcMethods for_main_;
  GrpcConnections connections_;
};

}  // namespace libretto
