#include "agent/rpc/account_service.h"

#include <utility>

#include "agent/rpc/browser_login_stream.h"

namespace libretto {
namespace {

namespace pb = agent::v1;
using CallPtr = std::unique_ptr<Call>;

pb::WhoAmIResponse::Source SourceOf(Session::State state) {
  switch (state) {
    case Session::State::kSignedIn:
      return pb::WhoAmIResponse::SESSION;
    case Session::State::kApiKey:
      return pb::WhoAmIResponse::ENVIRONMENT;
    case Session::State::kSignedOut:
    case Session::State::kEnded:
    case Session::State::kLocked:
      return pb::WhoAmIResponse::NOBODY;
  }
  return pb::WhoAmIResponse::SOURCE_UNSPECIFIED;
}

void Fill(const Identity& identity, const Profile& profile, bool checked,
          pb::WhoAmIResponse* response) {
  response->set_source(SourceOf(profile.session.state()));
  response->set_email(identity.email);
  response->set_user_id(identity.user_id);
  response->set_api_url(identity.api_url);
  response->set_expires_at(identity.expires_at);
  response->set_session_file(profile.accounts.session_file());
  response->set_checked(checked && profile.session.usable());
  response->set_email_verified(identity.email_verified);
  if (identity.organization.has_value()) {
    response->set_organization_name(identity.organization->name);
    response->set_organization_slug(identity.organization->slug);
  }
}

void Fill(const Invitation& invitation, pb::InviteResponse* response) {
  response->set_invitation_id(invitation.id);
  response->set_email(invitation.email);
  response->set_role(invitation.role);
  response->set_organization_name(invitation.organization_name);
  response->set_organization_slug(invitation.organization_slug);
  response->set_expires_at(invitation.expires_at);
}

void Fill(const Joined& joined, const Profile& profile,
          pb::AcceptInviteResponse* response) {
  response->set_email(joined.email);
  response->set_organization_name(joined.organization_name);
  response->set_organization_slug(joined.organization_slug);
  response->set_email_verified(joined.email_verified);
  response->set_account_created(joined.account_created);
  response->set_session_file(profile.accounts.session_file());
}

void Fill(const KeyInfo& key, bool leased, pb::ApiKeyMetadata* item) {
  item->set_id(key.id);
  item->set_label(key.label);
  item->set_start(key.start);
  item->set_enabled(key.enabled);
  item->set_created_at(key.created_at);
  item->set_last_request(key.last_request);
  item->set_expires_at(key.expires_at);
  item->set_leased(leased);
}

}  // namespace

grpc::ServerUnaryReactor* AccountService::SignUp(
    grpc::CallbackServerContext* server_context,
    const pb::SignUpRequest* request, pb::SignUpResponse* response) {
  return ServeUnary(
      context_, server_context, "Accounts.SignUp", "", request, Needs::kNothing,
      [request, response](Profile& profile, CallPtr call) {
        const SignUpForm form{request->name(),
                              request->email(),
                              SecretBytes::CopyOf(request->password()),
                              request->organization_name(),
                              request->organization_slug(),
                              request->alert_email().empty()
                                  ? request->email()
                                  : request->alert_email()};
        profile.accounts.SignUp(
            TargetUrl(request->context()), form,
            [&profile, response,
             call = std::move(call)](const StatusOr<SignedInAs>& as) {
              if (as.ok()) {
                response->set_email(as->email);
                response->set_organization_slug(as->organization_slug);
                response->set_email_verified(as->email_verified);
                response->set_session_file(profile.accounts.session_file());
              }
              call->Finish(as.status());
            });
      });
}

grpc::ServerUnaryReactor* AccountService::Login(
    grpc::CallbackServerContext* server_context,
    const pb::LoginRequest* request, pb::LoginResponse* response) {
  return ServeUnary(
      context_, server_context, "Accounts.Login", "", request, Needs::kNothing,
      [request, response](Profile& profile, CallPtr call) {
        profile.accounts.Login(
            TargetUrl(request->context()), request->email(),
            SecretBytes::CopyOf(request->password()),
            [&profile, response,
             call = std::move(call)](const StatusOr<SignedInAs>& as) {
              if (as.ok()) {
                response->set_email(as->email);
                response->set_email_verified(as->email_verified);
                response->set_session_file(profile.accounts.session_file());
              }
              call->Finish(as.status());
            });
      });
}

grpc::ServerWriteReactor<pb::BrowserLoginEvent>* AccountService::BrowserLogin(
    grpc::CallbackServerContext* server_context,
    const pb::BrowserLoginRequest* request) {
  auto* const stream = new BrowserLoginStream(context_, *server_context);
  stream->Start(*request);
  return stream;
}

grpc::ServerUnaryReactor* AccountService::ForgotPassword(
    grpc::CallbackServerContext* server_context,
    const pb::ForgotPasswordRequest* request,
    pb::ForgotPasswordResponse* response) {
  return ServeUnary(
      context_, server_context, "Accounts.ForgotPassword", "", request,
      Needs::kNothing, [request, response](Profile& profile, CallPtr call) {
        profile.accounts.ForgotPassword(
            TargetUrl(request->context()), request->email(),
            [response, call = std::move(call)](const StatusOr<bool>& sent) {
              if (sent.ok()) response->set_sent(*sent);
              call->Finish(sent.status());
            });
      });
}

grpc::ServerUnaryReactor* AccountService::Logout(
    grpc::CallbackServerContext* server_context,
    const pb::LogoutRequest* request, pb::LogoutResponse* response) {
  return ServeUnary(
      context_, server_context, "Accounts.Logout", "", request, Needs::kNothing,
      [response](Profile& profile, CallPtr call) {
        if (const Status loaded = profile.accounts.Load(); !loaded.ok()) {
          return call->Finish(loaded);
        }
        profile.accounts.Logout(
            [response, call = std::move(call)](const StatusOr<SignedOut>& out) {
              if (out.ok()) {
                response->set_was_signed_in(out->was_signed_in);
                for (const std::string& thing : out->not_revoked) {
                  response->add_not_revoked(thing);
                }
              }
              call->Finish(out.status());
            });
      });
}

grpc::ServerUnaryReactor* AccountService::WhoAmI(
    grpc::CallbackServerContext* server_context,
    const pb::WhoAmIRequest* request, pb::WhoAmIResponse* response) {
  return ServeUnary(
      context_, server_context, "Accounts.WhoAmI", "", request, Needs::kSession,
      [request, response](Profile& profile, CallPtr call) {
        profile.accounts.WhoAmI(
            request->check(),
            [&profile, response, checked = request->check(),
             call = std::move(call)](const StatusOr<Identity>& identity) {
              if (identity.ok()) Fill(*identity, profile, checked, response);
              call->Finish(identity.status());
            });
      });
}

grpc::ServerUnaryReactor* AccountService::Invite(
    grpc::CallbackServerContext* server_context,
    const pb::InviteRequest* request, pb::InviteResponse* response) {
  return ServeUnary(
      context_, server_context, "Accounts.Invite", "", request, Needs::kSession,
      [request, response](Profile& profile, CallPtr call) {
        profile.memberships.Invite(
            request->email(),
            request->role().empty() ? "member" : request->role(),
            [response,
             call = std::move(call)](const StatusOr<Invitation>& invitation) {
              if (invitation.ok()) Fill(*invitation, response);
              call->Finish(invitation.status());
            });
      });
}

grpc::ServerUnaryReactor* AccountService::AcceptInvite(
    grpc::CallbackServerContext* server_context,
    const pb::AcceptInviteRequest* request,
    pb::AcceptInviteResponse* response) {
  return ServeUnary(
      context_, server_context, "Accounts.AcceptInvite", "", request,
      Needs::kSession, [request, response](Profile& profile, CallPtr call) {
        profile.memberships.Accept(
            TargetUrl(request->context()), request->organization_slug(),
            request->invitation_id(),
            {request->name(), SecretBytes::CopyOf(request->password())},
            [&profile, response,
             call = std::move(call)](const StatusOr<Joined>& joined) {
              if (joined.ok()) Fill(*joined, profile, response);
              call->Finish(joined.status());
            });
      });
}

grpc::ServerUnaryReactor* AccountService::DeleteAccount(
    grpc::CallbackServerContext* server_context,
    const pb::DeleteAccountRequest* request,
    pb::DeleteAccountResponse* response) {
  return ServeUnary(
      context_, server_context, "Accounts.DeleteAccount", "", request,
      Needs::kSession, [request, response](Profile& profile, CallPtr call) {
        profile.accounts.DeleteAccount(request->email(),
                                       [response, call = std::move(call)](
                                           const StatusOr<std::string>& email) {
                                         if (email.ok())
                                           response->set_email(*email);
                                         call->Finish(email.status());
                                       });
      });
}

grpc::ServerUnaryReactor* AccountService::IssueApiKey(
    grpc::CallbackServerContext* server_context,
    const pb::IssueApiKeyRequest* request, pb::IssueApiKeyResponse* response) {
  return ServeUnary(
      context_, server_context, "Accounts.IssueApiKey", "", request,
      Needs::kSession, [request, response](Profile& profile, CallPtr call) {
        response->set_label(request->label());
        profile.keys.Issue(
            request->label(), [response, call = std::move(call)](
                                  const StatusOr<MintedKey>& minted) {
              if (minted.ok()) {
                const std::string_view key = minted->key.text.Reveal();
                response->set_id(minted->id);
                response->set_key(key.data(), key.size());
              }
              call->Finish(minted.status());
            });
      });
}

grpc::ServerUnaryReactor* AccountService::ListApiKeys(
    grpc::CallbackServerContext* server_context,
    const pb::ListApiKeysRequest* request, pb::ListApiKeysResponse* response) {
  return ServeUnary(
      context_, server_context, "Accounts.ListApiKeys", "", request,
      Needs::kSession, [response](Profile& profile, CallPtr call) {
        profile.keys.List([&profile, response, call = std::move(call)](
                              const StatusOr<std::vector<KeyInfo>>& keys) {
          if (keys.ok()) {
            for (const KeyInfo& key : *keys) {
              Fill(key, profile.keys.IsLeased(key.id), response->add_keys());
            }
          }
          call->Finish(keys.status());
        });
      });
}

grpc::ServerUnaryReactor* AccountService::RevokeApiKey(
    grpc::CallbackServerContext* server_context,
    const pb::RevokeApiKeyRequest* request,
    pb::RevokeApiKeyResponse* response) {
  return ServeUnary(
      context_, server_context, "Accounts.RevokeApiKey", "", request,
      Needs::kSession, [request, response](Profile& profile, CallPtr call) {
        profile.keys.Revoke(request->id(), [response, call = std::move(call)](
                                               const StatusOr<bool>& leased) {
          if (leased.ok()) response->set_was_leased(*leased);
          call->Finish(leased.status());
        });
      });
}

grpc::ServerUnaryReactor* AccountService::BorrowApiKey(
    grpc::CallbackServerContext* server_context,
    const pb::BorrowApiKeyRequest* request,
    pb::BorrowApiKeyResponse* response) {
  return ServeUnary(
      context_, server_context, "Accounts.BorrowApiKey", "", request,
      Needs::kSession, [response](Profile& profile, CallPtr call) {
        profile.lease.Acquire(
            [response, call = std::move(call)](const StatusOr<ApiKey>& key) {
              if (key.ok()) {
                const std::string_view text = key->text.Reveal();
                response->set_key(text.data(), text.size());
                response->set_api_url(key->api_url);
              }
              call->Finish(key.status());
            });
      });
}

}  // namespace libretto
