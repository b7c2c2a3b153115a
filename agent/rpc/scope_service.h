// libretto.agent.v1.Scopes. Loop thread only.
#pragma once

#include "agent/rpc/call.h"
#include "libretto/agent/v1/scopes.pb.h"

namespace libretto {

class ScopeService final {
 public:
  ScopeService(CallContext& context, const Clock& clock)
      : context_(context), clock_(clock) {}

  // This outlives `methods`.
  void RegisterWith(GrpcMethods& methods);

 private:
  void Create(ExchangePtr exchange,
              const agent::v1::CreateScopeRequest* request,
              agent::v1::CreateScopeResponse* response);
  void List(ExchangePtr exchange, const agent::v1::ListScopesRequest* request,
            agent::v1::ListScopesResponse* response);
  void Revoke(ExchangePtr exchange,
              const agent::v1::RevokeScopeRequest* request,
              agent::v1::RevokeScopeResponse* response);

  void Fill(const Scope& scope, agent::v1::Scope* message) const;

  CallContext& context_;
  const Clock& clock_;
};

}  // namespace libretto
