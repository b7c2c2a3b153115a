// libretto.agent.v1.Credentials. Loop thread only.
#pragma once

#include "agent/rpc/call.h"
#include "libretto/agent/v1/credentials.pb.h"

namespace libretto {

class CredentialService final {
 public:
  CredentialService(CallContext& context, const Clock& clock)
      : context_(context), clock_(clock) {}

  // This outlives `methods`.
  void RegisterWith(GrpcMethods& methods);

 private:
  void Get(ExchangePtr exchange, const agent::v1::GetRequest* request,
           agent::v1::GetResponse* response);
  void Explain(ExchangePtr exchange, const agent::v1::ExplainRequest* request,
               agent::v1::ExplainResponse* response);
  void List(ExchangePtr exchange, const agent::v1::ListRequest* request,
            agent::v1::ListResponse* response);
  void Create(ExchangePtr exchange, const agent::v1::CreateRequest* request,
              agent::v1::CreateResponse* response);
  void Update(ExchangePtr exchange, const agent::v1::UpdateRequest* request,
              agent::v1::UpdateResponse* response);
  void Delete(ExchangePtr exchange, const agent::v1::DeleteRequest* request,
              agent::v1::DeleteResponse* response);
  void Upsert(ExchangePtr exchange, const agent::v1::UpsertRequest* request,
              agent::v1::UpsertResponse* response);

  CallContext& context_;
  const Clock& clock_;
};

}  // namespace libretto
