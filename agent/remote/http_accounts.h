// The cloud's account routes over HTTP (contract 2 and 3). Loop thread only.
#pragma once

#include "agent/core/remote.h"
#include "agent/remote/cloud_api.h"

namespace libretto {

class HttpAccounts final : public AccountRemote {
 public:
  explicit HttpAccounts(CloudApi& api) : api_(api) {}

  void SignUp(const std::string& api_url, const SignUpForm& form,
              Done<SignedUp> done) override;
  void SignIn(const std::string& api_url, const std::string& email,
              const SecretBytes& password, Done<SessionCookie> done) override;
  void GetSession(const SessionCookie& cookie,
                  Done<std::optional<SessionFacts>> done) override;
  void ListOrganizations(const SessionCookie& cookie,
                         Done<std::vector<Organization>> done) override;
  void SendVerification(const SessionCookie& cookie, const std::string& email,
                        DoneStatus done) override;
  void SignOut(const SessionCookie& cookie, DoneStatus done) override;

 private:
  CloudApi& api_;
};

}  // namespace libretto
