// What the cloud asks of its database. Each call is one transaction: it
// happens as a whole or not at all. Nothing is checked here but what only the
// database can know (uniqueness, existence). Any thread (guarded).
//
// NotFound() is said where nothing matches, and where the account or
// organisation that something is added to was deleted meanwhile; Offline() when
// the database cannot be used now.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "cloud/core/records.h"
#include "cloud/core/roles.h"

namespace libretto::cloud {

struct NewAccount {
  User user;
  std::string password_hash;
  Session session;
  // A membership comes with the organisation that is made with it, or with the
  // invitation that it answers.
  std::optional<Membership> membership = {};
  std::optional<Organization> organization = {};
  std::optional<std::string> invitation_id = {};
};

struct Login {
  User user;
  std::string password_hash;
};

struct SessionAndUser {
  Session session;
  User user;
};

struct KeyAndUser {
  ApiKey key;
  User user;
  std::string tenant_id;  // empty when the user has no organisation
};

struct MembershipAndOrganization {
  Membership membership;
  Organization organization;
};

struct InvitationAndOrganization {
  Invitation invitation;
  Organization organization;
  std::string inviter_email;
};

struct ApiKeyChange {
  std::optional<std::string> name = {};
  std::optional<bool> enabled = {};
};

struct CredentialChange {
  std::optional<std::string> name = {};
  std::optional<std::string> sealed = {};
};

class Store {
 public:
  virtual ~Store() = default;

  // Values of the installation itself, such as the key check.
  virtual StatusOr<std::string> Setting(std::string_view name) = 0;
  // Leaves one that is there as it is: of several who add it at once, the first
  // decides.
  virtual Status AddSetting(std::string_view name, std::string_view value) = 0;

  // Refusal::kSlugTaken, kEmailTaken, kInvitationNotFound.
  virtual Status AddAccount(const NewAccount& account) = 0;
  virtual StatusOr<Login> LoginByEmail(std::string_view email) = 0;
  virtual StatusOr<User> UserById(std::string_view id) = 0;
  // Ends the user with all sessions, keys and tokens, and with the organisation
  // if nobody else is in it. Refusal::kOnlyOwner, NotFound().
  virtual Status RemoveAccount(std::string_view user_id) = 0;
  virtual StatusOr<std::vector<Organization>> OrganizationsOf(
      std::string_view user_id) = 0;

  // Both make it the active organisation of the session, unless that is
  // empty. Refusal::kMemberElsewhere, kSignedOut when user or session is gone,
  // and
  // kSlugTaken:
  virtual Status AddOrganization(const Organization& organization,
                                 const Membership& owner,
                                 std::string_view session_id) = 0;
  // kInvitationNotFound; of several who accept at once, one does. Whether it
  // has expired is asked at the time at which `member` was made.
  virtual Status AcceptInvitation(std::string_view id, const Membership& member,
                                  std::string_view session_id) = 0;
  virtual StatusOr<MembershipAndOrganization> MembershipOf(
      std::string_view user_id) = 0;

  // An invitation is there until `now` reaches its end, and as long as its
  // inviter is a member of the organisation.
  virtual StatusOr<InvitationAndOrganization> InvitationById(
      std::string_view id, Timestamp now) = 0;
  // Refusal::kAlreadyMember, kAlreadyInvited, kTooManyInvitations. What else
  // is open is asked at the time at which this one was made.
  virtual Status AddInvitation(const Invitation& invitation,
                               int max_per_organization) = 0;
  // The open one for that organisation and address gets role, inviter and end
  // of `invitation`, and keeps its id. Refusal::kMayNotInviteWithRole when it
  // is for a stronger role than `strongest`: who may not give that, may not
  // learn its id either. What is open is asked at the time at which
  // `invitation` was made.
  virtual StatusOr<Invitation> RenewInvitation(const Invitation& invitation,
                                               Role strongest) = 0;

  // For who has shown the password that `password_hash` is of. NotFound() when
  // that is the user's password no longer: a reset ends sessions, and none may
  // begin behind its back.
  virtual Status AddSession(const Session& session,
                            std::string_view password_hash) = 0;
  virtual StatusOr<SessionAndUser> SessionByTokenHash(
      std::string_view token_hash) = 0;
  virtual Status ExtendSession(std::string_view id, Timestamp now,
                               Timestamp expires_at) = 0;
  virtual Status RemoveSession(std::string_view token_hash) = 0;

  virtual Status AddOneTimeToken(const OneTimeToken& token) = 0;
  // The id of its user; NotFound() for a token that would not work at `now`.
  virtual StatusOr<std::string> UserOfToken(TokenPurpose purpose,
                                            std::string_view token_hash,
                                            Timestamp now) = 0;
  // These two use a token up, and all others of its user and purpose with it.
  // NotFound() for a token that does not work (any more).
  virtual Status VerifyEmail(std::string_view token_hash, Timestamp now) = 0;
  // Ends the user's sessions and approved logins of the command line too, and
  // what was done before the address was verified, by somebody who had not
  // shown to be its owner: API keys of that time, and, if it never was, the
  // membership, with the organisation if nobody else is in it.
  virtual Status ResetPassword(std::string_view token_hash,
                               std::string_view password_hash,
                               Timestamp now) = 0;

  virtual Status AddCliLogin(const CliLogin& login) = 0;
  virtual StatusOr<CliLogin> CliLoginById(std::string_view id) = 0;
  // NotFound() unless it waits at `now` and nobody has approved it.
  // Refusal::kSignedOut when the user's session has ended.
  virtual Status ApproveCliLogin(std::string_view id, std::string_view user_id,
                                 std::string_view session_id,
                                 Timestamp now) = 0;
  // Puts `session`, of who has approved it, in its place. NotFound() unless it
  // is approved at `now`.
  virtual Status RedeemCliLogin(std::string_view id, const Session& session,
                                Timestamp now) = 0;

  // `access_id`: the session or API key with which it is made. Refusals:
  // kSignedOut when that has ended, kTooManyApiKeys. How many there are is
  // asked at the time at which this one was made.
  virtual Status AddApiKey(const ApiKey& key, std::string_view access_id,
                           int max_per_user) = 0;
  virtual StatusOr<KeyAndUser> ApiKeyByHash(std::string_view key_hash) = 0;
  // Oldest first.
  virtual StatusOr<std::vector<ApiKey>> ApiKeysOf(std::string_view user_id) = 0;
  virtual Status ChangeApiKey(std::string_view user_id, std::string_view id,
                              const ApiKeyChange& change) = 0;
  virtual Status RemoveApiKey(std::string_view user_id,
                              std::string_view id) = 0;
  using KeyUse = std::pair<std::string, Timestamp>;  // id, when
  virtual Status NoteApiKeyUses(const std::vector<KeyUse>& uses) = 0;

  // Sessions, API keys, invitations and tokens whose time is over. A login of
  // the command line is kept for ten minutes more, so that its next poll hears
  // why.
  virtual Status RemoveExpired(Timestamp now) = 0;

  // Refusal::kCredentialExists.
  virtual Status AddCredential(std::string_view tenant_id,
                               const Credential& credential,
                               std::string_view sealed) = 0;
  // By name, in byte order.
  virtual StatusOr<std::vector<Credential>> CredentialsOf(
      std::string_view tenant_id) = 0;
  struct IdAndSealed {
    std::string id;
    std::string sealed;
  };
  virtual StatusOr<IdAndSealed> CredentialByName(std::string_view tenant_id,
                                                 std::string_view name) = 0;
  // `updated_at` becomes `now`, or one millisecond more than it was when that
  // is later: a reader who compares it notices every change. NotFound(),
  // Refusal::kCredentialExists for a name that another one has.
  virtual Status ChangeCredential(std::string_view tenant_id,
                                  std::string_view id,
                                  const CredentialChange& change,
                                  Timestamp now) = 0;
  virtual Status RemoveCredential(std::string_view tenant_id,
                                  std::string_view id) = 0;
};

}  // namespace libretto::cloud
