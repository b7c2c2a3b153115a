// libretto.agent.v1.Scopes. Handlers run on gRPC's threads and post.
#pragma once

#include "agent/rpc/call.h"
#include "libretto/agent/v1/scopes.grpc.pb.h"

namespace libretto {

class ScopeService final : public agent::v1::Scopes::CallbackService {
 public:
  ScopeService(CallContext& context, const Clock& clock)
      : context_(context), clock_(clock) {}

  grpc::ServerUnaryReactor* Create(
      grpc::CallbackServerContext* server_context,
      const agent::v1::CreateScopeRequest* request,
      agent::v1::CreateScopeResponse* response) override;
  grpc::ServerUnaryReactor* List(
      grpc::CallbackServerContext* server_context,
      const agent::v1::ListScopesRequest* request,
      agent::v1::ListScopesResponse* response) override;
  grpc::ServerUnaryReactor* Revoke(
      grpc::CallbackServerContext* server_context,
      const agent::v1::RevokeScopeRequest* request,
      agent::v1::RevokeScopeResponse* response) override;

 private:
  void Fill(const Scope& scope, agent::v1::Scope* message) const;

  CallContext& context_;
  const Clock& clock_;
};

}  // namespace libretto
