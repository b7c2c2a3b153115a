// The cloud's organisation and invitation routes over HTTP (contract 4.3).
// Loop thread only.
#pragma once

#include "agent/core/remote.h"
#include "agent/remote/cloud_api.h"

namespace libretto {

class HttpOrganizations final : public OrganizationRemote {
 public:
  explicit HttpOrganizations(CloudApi& api) : api_(api) {}

  void ListOrganizations(const Principal& principal,
                         Done<std::vector<Organization>> done) override;
  void Invite(const Principal& principal, const std::string& organization_id,
              const std::string& email, const std::string& role,
              Done<Invitation> done) override;
  void GetInvitation(const Principal& principal, const std::string& id,
                     Done<Invitation> done) override;
  void AcceptInvitation(const Principal& principal, const std::string& id,
                        DoneStatus done) override;
  void AcceptAndSignUp(const std::string& api_url,
                       const std::string& organization_slug,
                       const std::string& id, const std::string& name,
                       const SecretBytes& password,
                       Done<SignedUp> done) override;

 private:
  CloudApi& api_;
};

}  // namespace libretto
