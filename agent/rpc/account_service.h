// libretto.agent.v1.Accounts. Loop thread only.
#pragma once

#include "agent/rpc/call.h"
#include "libretto/agent/v1/accounts.pb.h"

namespace libretto {

class AccountService final {
 public:
  explicit AccountService(CallContext& context) : context_(context) {}

  // This outlives `methods`.
  void RegisterWith(GrpcMethods& methods);

 private:
  void SignUp(ExchangePtr exchange, const agent::v1::SignUpRequest* request,
              agent::v1::SignUpResponse* response);
  void Login(ExchangePtr exchange, const agent::v1::LoginRequest* request,
             agent::v1::LoginResponse* response);
  void ForgotPassword(ExchangePtr exchange,
                      const agent::v1::ForgotPasswordRequest* request,
                      agent::v1::ForgotPasswordResponse* response);
  void Logout(ExchangePtr exchange, const agent::v1::LogoutRequest* request,
              agent::v1::LogoutResponse* response);
  void WhoAmI(ExchangePtr exchange, const agent::v1::WhoAmIRequest* request,
              agent::v1::WhoAmIResponse* response);
  void Invite(ExchangePtr exchange, const agent::v1::InviteRequest* request,
              agent::v1::InviteResponse* response);
  void AcceptInvite(ExchangePtr exchange,
                    const agent::v1::AcceptInviteRequest* request,
                    agent::v1::AcceptInviteResponse* response);
  void DeleteAccount(ExchangePtr exchange,
                     const agent::v1::DeleteAccountRequest* request,
                     agent::v1::DeleteAccountResponse* response);
  void IssueApiKey(ExchangePtr exchange,
                   const agent::v1::IssueApiKeyRequest* request,
                   agent::v1::IssueApiKeyResponse* response);
  void ListApiKeys(ExchangePtr exchange,
                   const agent::v1::ListApiKeysRequest* request,
                   agent::v1::ListApiKeysResponse* response);
  void RevokeApiKey(ExchangePtr exchange,
                    const agent::v1::RevokeApiKeyRequest* request,
                    agent::v1::RevokeApiKeyResponse* response);
  void BorrowApiKey(ExchangePtr exchange,
                    const agent::v1::BorrowApiKeyRequest* request,
                    agent::v1::BorrowApiKeyResponse* response);

  CallContext& context_;
};

}  // namespace libretto
