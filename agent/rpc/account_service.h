// libretto.agent.v1.Accounts. Handlers run on gRPC's threads and post.
#pragma once

#include "agent/rpc/call.h"
#include "libretto/agent/v1/accounts.grpc.pb.h"

namespace libretto {

class AccountService final : public agent::v1::Accounts::CallbackService {
 public:
  explicit AccountService(CallContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* SignUp(
      grpc::CallbackServerContext* server_context,
      const agent::v1::SignUpRequest* request,
      agent::v1::SignUpResponse* response) override;
  grpc::ServerUnaryReactor* Login(grpc::CallbackServerContext* server_context,
                                  const agent::v1::LoginRequest* request,
                                  agent::v1::LoginResponse* response) override;
  grpc::ServerWriteReactor<agent::v1::BrowserLoginEvent>* BrowserLogin(
      grpc::CallbackServerContext* server_context,
      const agent::v1::BrowserLoginRequest* request) override;
  grpc::ServerUnaryReactor* ForgotPassword(
      grpc::CallbackServerContext* server_context,
      const agent::v1::ForgotPasswordRequest* request,
      agent::v1::ForgotPasswordResponse* response) override;
  grpc::ServerUnaryReactor* Logout(
      grpc::CallbackServerContext* server_context,
      const agent::v1::LogoutRequest* request,
      agent::v1::LogoutResponse* response) override;
  grpc::ServerUnaryReactor* WhoAmI(
      grpc::CallbackServerContext* server_context,
      const agent::v1::WhoAmIRequest* request,
      agent::v1::WhoAmIResponse* response) override;
  grpc::ServerUnaryReactor* Invite(
      grpc::CallbackServerContext* server_context,
      const agent::v1::InviteRequest* request,
      agent::v1::InviteResponse* response) override;
  grpc::ServerUnaryReactor* AcceptInvite(
      grpc::CallbackServerContext* server_context,
      const agent::v1::AcceptInviteRequest* request,
      agent::v1::AcceptInviteResponse* response) override;
  grpc::ServerUnaryReactor* DeleteAccount(
      grpc::CallbackServerContext* server_context,
      const agent::v1::DeleteAccountRequest* request,
      agent::v1::DeleteAccountResponse* response) override;
  grpc::ServerUnaryReactor* IssueApiKey(
      grpc::CallbackServerContext* server_context,
      const agent::v1::IssueApiKeyRequest* request,
      agent::v1::IssueApiKeyResponse* response) override;
  grpc::ServerUnaryReactor* ListApiKeys(
      grpc::CallbackServerContext* server_context,
      const agent::v1::ListApiKeysRequest* request,
      agent::v1::ListApiKeysResponse* response) override;
  grpc::ServerUnaryReactor* RevokeApiKey(
      grpc::CallbackServerContext* server_context,
      const agent::v1::RevokeApiKeyRequest* request,
      agent::v1::RevokeApiKeyResponse* response) override;
  grpc::ServerUnaryReactor* BorrowApiKey(
      grpc::CallbackServerContext* server_context,
      const agent::v1::BorrowApiKeyRequest* request,
      agent::v1::BorrowApiKeyResponse* response) override;

 private:
  CallContext& context_;
};

}  // namespace libretto
