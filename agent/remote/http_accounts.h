// The cloud's account routes over HTTP (contract 2 and 3). Loop thread only.
#pragma once

#include "agent/core/remote.h"
#include "agent/remote/cloud_api.h"

namespace libretto {

// What signupAndCreateOrg and acceptInviteAndSignup answer.
StatusOr<SignedUp> ParseSignedUp(const std::string& api_url, const char* route,
                                 const Json& json);

class HttpAccounts final : public AccountRemote {
 public:
  explicit HttpAccounts(CloudApi& api) : api_(api) {}

  void SignUp(const std::string& api_url, const SignUpForm& form,
              Done<SignedUp> done) override;
  void SignIn(const std::string& api_url, const std::string& email,
              const SecretBytes& password, Done<SessionCookie> done) override;
  void OpenBrowserLogin(const std::string& api_url,
                        Done<BrowserLoginRequest> done) override;
  void PollBrowserLogin(const BrowserLoginRequest& request,
                        Done<BrowserLoginState> done) override;
  void GetSession(const Principal& principal,
                  Done<std::optional<SessionFacts>> done) override;
  void SendVerification(const SessionCookie& cookie, const std::string& email,
                        DoneStatus done) override;
  void ForgotPassword(const std::string& api_url, const std::string& email,
                      Done<bool> done) override;
  void SignOut(const SessionCookie& cookie, DoneStatus done) override;
  void DeleteAccount(const SessionCookie& cookie, DoneStatus done) override;

 private:
  CloudApi& api_;
};

}  // namespace libretto
