// libretto.agent.v1.Credentials. Handlers run on gRPC's threads and post.
#pragma once

#include "agent/rpc/call.h"
#include "libretto/agent/v1/credentials.grpc.pb.h"

namespace libretto {

class CredentialService final : public agent::v1::Credentials::CallbackService {
 public:
  CredentialService(CallContext& context, const Clock& clock)
      : context_(context), clock_(clock) {}

  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* server_context,
                                const agent::v1::GetRequest* request,
                                agent::v1::GetResponse* response) override;
  grpc::ServerUnaryReactor* Explain(
      grpc::CallbackServerContext* server_context,
      const agent::v1::ExplainRequest* request,
      agent::v1::ExplainResponse* response) override;
  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* server_context,
                                 const agent::v1::ListRequest* request,
                                 agent::v1::ListResponse* response) override;
  grpc::ServerUnaryReactor* Create(
      grpc::CallbackServerContext* server_context,
      const agent::v1::CreateRequest* request,
      agent::v1::CreateResponse* response) override;
  grpc::ServerUnaryReactor* Update(
      grpc::CallbackServerContext* server_context,
      const agent::v1::UpdateRequest* request,
      agent::v1::UpdateResponse* response) override;
  grpc::ServerUnaryReactor* Delete(
      grpc::CallbackServerContext* server_context,
      const agent::v1::DeleteRequest* request,
      agent::v1::DeleteResponse* response) override;
  grpc::ServerUnaryReactor* Upsert(
      grpc::CallbackServerContext* server_context,
      const agent::v1::UpsertRequest* request,
      agent::v1::UpsertResponse* response) override;
  grpc::ServerWriteReactor<agent::v1::WatchEvent>* Watch(
      grpc::CallbackServerContext* server_context,
      const agent::v1::WatchRequest* request) override;

 private:
  CallContext& context_;
  const Clock& clock_;
};

}  // namespace libretto
