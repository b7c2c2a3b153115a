// Memberships: inviting somebody into one's organisation, and following an
// invitation.
//
// Loop thread only.
#pragma once

#include <string>

#include "agent/core/accounts.h"
#include "agent/core/remote.h"
#include "agent/core/session.h"

namespace libretto {

// For somebody who has no account yet.
struct NewAccount {
  std::string name;
  SecretBytes password;
};

struct Joined {
  std::string email;
  std::string organization_name;
  std::string organization_slug;
  bool email_verified = false;
  bool account_created = false;
};

class Memberships {
 public:
  Memberships(Session& session, Accounts& accounts, OrganizationRemote& remote)
      : session_(session), accounts_(accounts), remote_(remote) {}

  void Invite(const std::string& email, const std::string& role,
              Done<Invitation> done);

  // Signed in: joins, or Denied() for a member of another organisation. Not
  // signed in: makes the account at `api_url` and signs in;
  // Unauthenticated() with reason "account_needed" when `account` lacks what
  // that takes.
  void Accept(const std::string& api_url, const std::string& organization_slug,
              const std::string& invitation_id, const NewAccount& account,
              Done<Joined> done);

 private:
  void AcceptAsNobody(const std::string& api_url,
                      const std::string& organization_slug,
                      const std::string& invitation_id,
                      const NewAccount& account, Done<Joined> done);
  void AcceptAsUser(std::string organization_slug, std::string invitation_id,
                    Done<Joined> done);
  void CompareAndAccept(std::string organization_slug,
                        const std::string& invitation_id, Done<Joined> done);

  Session& session_;
  Accounts& accounts_;
  OrganizationRemote& remote_;
};

}  // namespace libretto
