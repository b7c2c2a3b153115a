// libretto.agent.v1.Accounts. Handlers run on gRPC's threads and post.
#pragma once

#include <string>

#include "agent/core/profile.h"
#include "agent/rpc/call.h"
#include "libretto/agent/v1/accounts.grpc.pb.h"

namespace libretto {

class AccountService final : public agent::v1::Accounts::CallbackService {
 public:
  AccountService(CallContext& context, Profile& profile)
      : context_(context), profile_(profile) {}

  grpc::ServerUnaryReactor* SignUp(
      grpc::CallbackServerContext* server_context,
      const agent::v1::SignUpRequest* request,
      agent::v1::SignUpResponse* response) override;
  grpc::ServerUnaryReactor* Login(grpc::CallbackServerContext* server_context,
                                  const agent::v1::LoginRequest* request,
                                  agent::v1::LoginResponse* response) override;
  grpc::ServerUnaryReactor* Logout(
      grpc::CallbackServerContext* server_context,
      const agent::v1::LogoutRequest* request,
      agent::v1::LogoutResponse* response) override;
  grpc::ServerUnaryReactor* WhoAmI(
      grpc::CallbackServerContext* server_context,
      const agent::v1::WhoAmIRequest* request,
      agent::v1::WhoAmIResponse* response) override;

 private:
  CallContext& context_;
  Profile& profile_;
};

}  // namespace libretto
