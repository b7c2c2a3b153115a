// Invitations into an organisation: good for 48 hours, for one address, once.
// They end early when their inviter or the organisation goes. Any thread.
//
// Accepting one does not verify the address: the id is not only mailed, the
// inviter's terminal shows it too, so whoever has it need not read that mail.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/errors.h"
#include "base/secret.h"
#include "cloud/core/accounts.h"
#include "cloud/core/mailer.h"
#include "cloud/core/roles.h"
#include "cloud/core/store.h"

namespace libretto::cloud {

inline constexpr std::chrono::seconds kInvitationLifetime =
    std::chrono::hours(48);
inline constexpr int kMaxInvitationsPerOrganization = 100;

struct InvitationRequest {
  std::string organization_id;
  std::string email;
  std::string role;
  // An invitation that is open is mailed again and starts anew, as if this
  // inviter had sent it with this role.
  bool resend = false;
};

struct InvitedSignUp {
  std::string name;
  SecretBytes password;
  std::string user_agent = {};
};

class Invitations {
 public:
  struct Needs {
    Store& store;
    Mailer& mailer;
    Accounts& accounts;
    const Clock& clock;
    std::string base_url;
  };

  explicit Invitations(Needs needs) : needs_(std::move(needs)) {}

  // kNotAMember, kMayNotInvite, kRoleUnknown, kMayNotInviteWithRole (also for
  // the role of the one that is to be sent again), kAlreadyMember,
  // kAlreadyInvited, kTooManyInvitations. A mail that cannot be sent does not
  // undo it: the inviter is shown all that it would say.
  StatusOr<Invitation> Invite(const User& inviter,
                              const InvitationRequest& request);

  // For whoever has the id. kInvitationNotFound, also when it is to another
  // organisation than `slug` names.
  StatusOr<InvitationAndOrganization> Find(std::string_view id,
                                           std::string_view slug);

  // kInvitationNotFound, kNotTheRecipient.
  StatusOr<InvitationAndOrganization> FindFor(const User& user,
                                              std::string_view id);

  struct Accepted {
    Invitation invitation;
    MembershipAndOrganization joined;
  };
  // The organisation becomes the active one of the session, unless that is
  // empty. As FindFor(), and kMemberElsewhere.
  StatusOr<Accepted> Accept(const User& user, std::string_view id,
                            std::string_view session_id);

  // Makes the account of the invited address. As Find() and
  // Accounts::SignUp().
  StatusOr<SignUpResult> AcceptAndSignUp(std::string_view id,
                                         std::string_view slug,
                                         InvitedSignUp request);

 private:
  // `may_renew`: instead, the one that is open already, up to that role.
  StatusOr<Invitation> Open(Invitation invitation,
                            std::optional<Role> may_renew);
  void SendMail(const User& inviter, const Organization& organization,
                const Invitation& invitation);

  const Needs needs_;
};

}  // namespace libretto::cloud
