#include "client/transport/agent_call.h"
#include "client/transport/agent_client.h"
#include "libretto/agent/v1/accounts.pb.h"

namespace libretto {
namespace {

// A little more than the agent gives it, which then says why it ended.
constexpr std::chrono::seconds kBrowserLimit(11 * 60);

Identity::Source ToSource(agent::v1::WhoAmIResponse::Source source) {
  switch (source) {
    case agent::v1::WhoAmIResponse::SESSION:
      return Identity::Source::kSession;
    case agent::v1::WhoAmIResponse::ENVIRONMENT:
      return Identity::Source::kEnvironment;
    default:
      return Identity::Source::kNobody;
  }
}

SignedIn ToSignedIn(const agent::v1::LoginResponse& reply) {
  return {.email = reply.email(),
          .email_verified = reply.email_verified(),
          .session_file = reply.session_file()};
}

}  // namespace

StatusOr<SignedIn> AgentClient::SignUp(const SignUpForm& form) {
  agent::v1::SignUpRequest request;
  request.set_name(form.name);
  request.set_email(form.email);
  request.set_password(Copy(form.password));
  request.set_organization_name(form.organization_name);
  request.set_organization_slug(form.organization_slug);
  request.set_alert_email(form.alert_email);
  const auto reply = Ask<agent::v1::SignUpResponse>(
      "/libretto.agent.v1.Accounts/SignUp", std::move(request), kCloudLimit);
  if (!reply.ok()) return reply.status();
  return SignedIn{.email = reply->email(),
                  .organization_slug = reply->organization_slug(),
                  .email_verified = reply->email_verified(),
                  .session_file = reply->session_file()};
}

StatusOr<SignedIn> AgentClient::Login(const LoginForm& form) {
  agent::v1::LoginRequest request;
  request.set_email(form.email);
  request.set_password(Copy(form.password));
  const auto reply = Ask<agent::v1::LoginResponse>(
      "/libretto.agent.v1.Accounts/Login", std::move(request), kCloudLimit);
  if (!reply.ok()) return reply.status();
  return ToSignedIn(*reply);
}

StatusOr<SignedIn> AgentClient::BrowserLogin(
    absl::FunctionRef<void(const LoginRequest&)> on_opened,
    absl::FunctionRef<void()> on_waiting) {
  std::optional<SignedIn> signed_in;
  const auto on_event = [&](SecretBytes bytes) -> Status {
    auto event = Parsed<agent::v1::BrowserLoginEvent>(std::move(bytes));
    if (!event.ok()) return event.status();
    if (event->has_opened()) {
      auto& opened = *event->mutable_opened();
      on_opened(
          {.id = opened.request_id(),
           .secret = SecretBytes::Take(std::move(*opened.mutable_secret()))});
    } else if (event->has_signed_in()) {
      signed_in = ToSignedIn(event->signed_in());
    } else {
      on_waiting();
    }
    return OkStatus();
  };
  const Status status = channel_.ServerStreaming(
      MakeCall("/libretto.agent.v1.Accounts/BrowserLogin",
               agent::v1::BrowserLoginRequest()),
      In(kBrowserLimit), on_event);
  if (!status.ok()) return Explained(status);
  if (!signed_in.has_value()) {
    return Unreachable("the agent's answer does not say who has logged in");
  }
  return *std::move(signed_in);
}

StatusOr<bool> AgentClient::ForgotPassword(const std::string& email) {
  agent::v1::ForgotPasswordRequest request;
  request.set_email(email);
  const auto reply = Ask<agent::v1::ForgotPasswordResponse>(
      "/libretto.agent.v1.Accounts/ForgotPassword", std::move(request),
      kCloudLimit);
  if (!reply.ok()) return reply.status();
  return reply->sent();
}

StatusOr<LoggedOut> AgentClient::Logout() {
  const auto reply =
      Ask<agent::v1::LogoutResponse>("/libretto.agent.v1.Accounts/Logout",
                                     agent::v1::LogoutRequest(), kCloudLimit);
  if (!reply.ok()) return reply.status();
  return LoggedOut{.was_signed_in = reply->was_signed_in(),
                   .not_revoked = {reply->not_revoked().begin(),
                                   reply->not_revoked().end()}};
}

StatusOr<Identity> AgentClient::WhoAmI(bool check) {
  agent::v1::WhoAmIRequest request;
  request.set_check(check);
  const auto reply = Ask<agent::v1::WhoAmIResponse>(
      "/libretto.agent.v1.Accounts/WhoAmI", std::move(request),
      check ? kCloudLimit : kLocalLimit);
  if (!reply.ok()) return reply.status();
  return Identity{.source = ToSource(reply->source()),
                  .email = reply->email(),
                  .user_id = reply->user_id(),
                  .api_url = reply->api_url(),
                  .organization_name = reply->organization_name(),
                  .organization_slug = reply->organization_slug(),
                  .expires_at = reply->expires_at(),
                  .session_file = reply->session_file(),
                  .checked = reply->checked(),
                  .email_verified = reply->email_verified()};
}

StatusOr<Invitation> AgentClient::Invite(const std::string& email,
                                         const std::string& role) {
  agent::v1::InviteRequest request;
  request.set_email(email);
  request.set_role(role);
  const auto reply = Ask<agent::v1::InviteResponse>(
      "/libretto.agent.v1.Accounts/Invite", std::move(request), kCloudLimit);
  if (!reply.ok()) return reply.status();
  return Invitation{.id = reply->invitation_id(),
                    .email = reply->email(),
                    .role = reply->role(),
                    .organization_name = reply->organization_name(),
                    .organization_slug = reply->organization_slug(),
                    .expires_at = reply->expires_at()};
}

StatusOr<Joined> AgentClient::AcceptInvite(const InvitationAnswer& answer) {
  agent::v1::AcceptInviteRequest request;
  request.set_organization_slug(answer.organization_slug);
  request.set_invitation_id(answer.invitation_id);
  request.set_name(answer.name);
  request.set_password(Copy(answer.password));
  const auto reply = Ask<agent::v1::AcceptInviteResponse>(
      "/libretto.agent.v1.Accounts/AcceptInvite", std::move(request),
      kCloudLimit);
  if (!reply.ok()) return reply.status();
  return Joined{.organization_name = reply->organization_name(),
                .account_created = reply->account_created(),
                .account = {.email = reply->email(),
                            .organization_slug = reply->organization_slug(),
                            .email_verified = reply->email_verified(),
                            .session_file = reply->session_file()}};
}

StatusOr<std::string> AgentClient::DeleteAccount(const std::string& email) {
  agent::v1::DeleteAccountRequest request;
  request.set_email(email);
  const auto reply = Ask<agent::v1::DeleteAccountResponse>(
      "/libretto.agent.v1.Accounts/DeleteAccount", std::move(request),
      kCloudLimit);
  if (!reply.ok()) return reply.status();
  return reply->email();
}

StatusOr<IssuedKey> AgentClient::IssueApiKey(const std::string& label) {
  agent::v1::IssueApiKeyRequest request;
  request.set_label(label);
  auto reply = Ask<agent::v1::IssueApiKeyResponse>(
      "/libretto.agent.v1.Accounts/IssueApiKey", std::move(request),
      kCloudLimit);
  if (!reply.ok()) return reply.status();
  return IssuedKey{.id = reply->id(),
                   .label = reply->label(),
                   .text = SecretBytes::Take(std::move(*reply->mutable_key()))};
}

StatusOr<std::vector<KeyMetadata>> AgentClient::ListApiKeys() {
  const auto reply = Ask<agent::v1::ListApiKeysResponse>(
      "/libretto.agent.v1.Accounts/ListApiKeys",
      agent::v1::ListApiKeysRequest(), kCloudLimit);
  if (!reply.ok()) return reply.status();
  std::vector<KeyMetadata> keys;
  for (const auto& key : reply->keys()) {
    keys.push_back({.id = key.id(),
                    .label = key.label(),
                    .start = key.start(),
                    .enabled = key.enabled(),
                    .created_at = key.created_at(),
                    .last_request = key.last_request(),
                    .expires_at = key.expires_at(),
                    .leased = key.leased()});
  }
  return keys;
}

StatusOr<bool> AgentClient::RevokeApiKey(const std::string& id) {
  agent::v1::RevokeApiKeyRequest request;
  request.set_id(id);
  const auto reply = Ask<agent::v1::RevokeApiKeyResponse>(
      "/libretto.agent.v1.Accounts/RevokeApiKey", std::move(request),
      kCloudLimit);
  if (!reply.ok()) return reply.status();
  return reply->was_leased();
}

StatusOr<BorrowedKey> AgentClient::BorrowApiKey() {
  auto reply = Ask<agent::v1::BorrowApiKeyResponse>(
      "/libretto.agent.v1.Accounts/BorrowApiKey",
      agent::v1::BorrowApiKeyRequest(), kCloudLimit);
  if (!reply.ok()) return reply.status();
  return BorrowedKey{
      .text = SecretBytes::Take(std::move(*reply->mutable_key())),
      .api_url = reply->api_url()};
}

}  // namespace libretto
