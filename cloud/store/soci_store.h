// The Store on SQLite or PostgreSQL through SOCI: one schema, fixed statements
// with parameters. SQLite has one connection (WAL, synchronous=FULL) for all
// that writes, so that writers queue here and not in SQLITE_BUSY; PostgreSQL
// has a small pool whose broken connections are made anew. What each request
// for a credential reads has connections of its own (prepared_reads.h). Any
// thread (guarded).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/core/store.h"
#include "cloud/store/database_url.h"

namespace soci {
class connection_pool;
}

namespace libretto::cloud {

class PreparedReads;

class SociStore final : public Store {
 public:
  // Connects, and brings the schema up to date.
  static StatusOr<std::unique_ptr<SociStore>> Open(const DatabaseUrl& url);

  ~SociStore() override;
  SociStore(const SociStore&) = delete;
  SociStore& operator=(const SociStore&) = delete;

  StatusOr<std::string> Setting(std::string_view name) override;
  Status AddSetting(std::string_view name, std::string_view value) override;

  Status AddAccount(const NewAccount& account) override;
  StatusOr<Login> LoginByEmail(std::string_view email) override;
  StatusOr<User> UserById(std::string_view id) override;
  Status RemoveAccount(std::string_view user_id) override;
  StatusOr<std::vector<Organization>> OrganizationsOf(
      std::string_view user_id) override;

  Status AddOrganization(const Organization& organization,
                         const Membership& owner,
                         std::string_view session_id) override;
  Status AcceptInvitation(std::string_view id, const Membership& member,
                          std::string_view session_id) override;
  StatusOr<MembershipAndOrganization> MembershipOf(
      std::string_view user_id) override;
  StatusOr<InvitationAndOrganization> InvitationById(std::string_view id,
                                                     Timestamp now) override;
  Status AddInvitation(const Invitation& invitation,
                       int max_per_organization) override;
  StatusOr<Invitation> RenewInvitation(const Invitation& invitation,
                                       Role strongest) override;

  Status AddSession(const Session& session,
                    std::string_view password_hash) override;
  StatusOr<SessionAndUser> SessionByTokenHash(
      std::string_view token_hash) override;
  Status ExtendSession(std::string_view id, Timestamp now,
                       Timestamp expires_at) override;
  Status RemoveSession(std::string_view token_hash) override;

  Status AddOneTimeToken(const OneTimeToken& token) override;
  StatusOr<std::string> UserOfToken(TokenPurpose purpose,
                                    std::string_view token_hash,
                                    Timestamp now) override;
  Status VerifyEmail(std::string_view token_hash, Timestamp now) override;
  Status ResetPassword(std::string_view token_hash,
                       std::string_view password_hash, Timestamp now) override;

  Status AddCliLogin(const CliLogin& login) override;
  StatusOr<CliLogin> CliLoginById(std::string_view id) override;
  Status ApproveCliLogin(std::string_view id, std::string_view user_id,
                         std::string_view session_id, Timestamp now) override;
  Status RedeemCliLogin(std::string_view id, const Session& session,
                        Timestamp now) override;

  Status AddApiKey(const ApiKey& key, std::string_view access_id,
                   int max_per_user) override;
  StatusOr<KeyAndUser> ApiKeyByHash(std::string_view key_hash) override;
  StatusOr<std::vector<ApiKey>> ApiKeysOf(std::string_view user_id) override;
  Status ChangeApiKey(std::string_view user_id, std::string_view id,
                      const ApiKeyChange& change) override;
  Status RemoveApiKey(std::string_view user_id, std::string_view id) override;
  Status NoteApiKeyUses(const std::vector<KeyUse>& uses) override;

  Status RemoveExpired(Timestamp now) override;

  Status AddCredential(std::string_view tenant_id, const Credential& credential,
                       std::string_view sealed) override;
  StatusOr<std::vector<Credential>> CredentialsOf(
      std::string_view tenant_id) override;
  StatusOr<IdAndSealed> CredentialByName(std::string_view tenant_id,
                                         std::string_view name) override;
  Status ChangeCredential(std::string_view tenant_id, std::string_view id,
                          const CredentialChange& change,
                          Timestamp now) override;
  Status RemoveCredential(std::string_view tenant_id,
                          std::string_view id) override;

 private:
  SociStore(std::unique_ptr<soci::connection_pool> pool,
            std::unique_ptr<PreparedReads> reads);

  std::unique_ptr<soci::connection_pool> pool_;
  std::unique_ptr<PreparedReads> reads_;
};

}  // namespace libretto::cloud
