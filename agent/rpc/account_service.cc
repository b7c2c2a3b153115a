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

void AccountService::RegisterWith(GrpcMethods& methods) {
  const std::string path = "/libretto.agent.v1.Accounts/";
  AddUnary(methods, path + "SignUp", *this, &AccountService::SignUp);
  AddUnary(methods, path + "Login", *this, &AccountService::Login);
  AddUnary(methods, path + "ForgotPassword", *this,
           &AccountService::ForgotPassword);
  AddUnary(methods, path + "Logout", *this, &AccountService::Logout);
  AddUnary(methods, path + "WhoAmI", *this, &AccountService::WhoAmI);
  AddUnary(methods, path + "Invite", *this, &AccountService::Invite);
  AddUnary(methods, path + "AcceptInvite", *this,
           &AccountService::AcceptInvite);
  AddUnary(methods, path + "DeleteAccount", *this,
           &AccountService::DeleteAccount);
  AddUnary(methods, path + "IssueApiKey", *this, &AccountService::IssueApiKey);
  AddUnary(methods, path + "ListApiKeys", *this, &AccountService::ListApiKeys);
  AddUnary(methods, path + "RevokeApiKey", *this,
           &AccountService::RevokeApiKey);
  AddUnary(methods, path + "BorrowApiKey", *this,
           &AccountService::BorrowApiKey);
  AddStream<BrowserLoginStream, pb::BrowserLoginRequest>(
      methods, path + "BrowserLogin", context_);
}

void AccountService::SignUp(ExchangePtr exchange,
                            const pb::SignUpRequest* request,
                            pb::SignUpResponse* response) {
  ServeUnary(
      context_, std::move(exchange), "Accounts.SignUp", "", request,
      Needs::kNothing, [request, response](Profile& profile, CallPtr call) {
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

void AccountService::Login(ExchangePtr exchange,
                           const pb::LoginRequest* request,
                           pb::LoginResponse* response) {
  ServeUnary(
      context_, std::move(exchange), "Accounts.Login", "", request,
      Needs::kNothing, [request, response](Profile& profile, CallPtr call) {
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

void AccountService::ForgotPassword(ExchangePtr exchange,
                                    const pb::ForgotPasswordRequest* request,
                                    pb::ForgotPasswordResponse* response) {
  ServeUnary(
      context_, std::move(exchange), "Accounts.ForgotPassword", "", request,
      Needs::kNothing, [request, response](Profile& profile, CallPtr call) {
        profile.accounts.ForgotPassword(
            TargetUrl(request->context()), request->email(),
            [response, call = std::move(call)](const StatusOr<bool>& sent) {
              if (sent.ok()) response->set_sent(*sent);
              call->Finish(sent.status());
            });
      });
}

void AccountService::Logout(ExchangePtr exchange,
                            const pb::LogoutRequest* request,
                            pb::LogoutResponse* response) {
  ServeUnary(
      context_, std::move(exchange), "Accounts.Logout", "", request,
      Needs::kNothing, [response](Profile& profile, CallPtr call) {
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

void AccountService::WhoAmI(ExchangePtr exchange,
                            const pb::WhoAmIRequest* request,
                            pb::WhoAmIResponse* response) {
  ServeUnary(
      context_, std::move(exchange), "Accounts.WhoAmI", "", request,
      Needs::kSession, [request, response](Profile& profile, CallPtr call) {
        profile.accounts.WhoAmI(
            request->check(),
            [&profile, response, checked = request->check(),
             call = std::move(call)](const StatusOr<Identity>& identity) {
              if (identity.ok()) Fill(*identity, profile, checked, response);
              call->Finish(identity.status());
            });
      });
}

void AccountService::Invite(ExchangePtr exchange,
                            const pb::InviteRequest* request,
                            pb::InviteResponse* response) {
  ServeUnary(
      context_, std::move(exchange), "Accounts.Invite", "", request,
      Needs::kSession, [request, response](Profile& profile, CallPtr call) {
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

void AccountService::AcceptInvite(ExchangePtr exchange,
                                  const pb::AcceptInviteRequest* request,
                                  pb::AcceptInviteResponse* response) {
  ServeUnary(context_, std::move(exchange), "Accounts.AcceptInvite", "",
             request, Needs::kSession,
             [request, response](Profile& profile, CallPtr call) {
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

void AccountService::DeleteAccount(ExchangePtr exchange,
                                   const pb::DeleteAccountRequest* request,
                                   pb::DeleteAccountResponse* response) {
  ServeUnary(context_, std::move(exchange), "Accounts.DeleteAccount", "",
             request, Needs::kSession,
             [request, response](Profile& profile, CallPtr call) {
               profile.accounts.DeleteAccount(
                   request->email(), [response, call = std::move(call)](
                                         const StatusOr<std::string>& email) {
                     if (email.ok()) response->set_email(*email);
                     call->Finish(email.status());
                   });
             });
}

void AccountService::IssueApiKey(ExchangePtr exchange,
                                 const pb::IssueApiKeyRequest* request,
                                 pb::IssueApiKeyResponse* response) {
  ServeUnary(context_, std::move(exchange), "Accounts.IssueApiKey", "", request,
             Needs::kSession,
             [request, response](Profile& profile, CallPtr call) {
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

void AccountService::ListApiKeys(ExchangePtr exchange,
                                 const pb::ListApiKeysRequest* request,
                                 pb::ListApiKeysResponse* response) {
  ServeUnary(
      context_, std::move(exchange), "Accounts.ListApiKeys", "", request,
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

void AccountService::RevokeApiKey(ExchangePtr exchange,
                                  const pb::RevokeApiKeyRequest* request,
                                  pb::RevokeApiKeyResponse* response) {
  ServeUnary(
      context_, std::move(exchange), "Accounts.RevokeApiKey", "", request,
      Needs::kSession, [request, response](Profile& profile, CallPtr call) {
        profile.keys.Revoke(request->id(), [response, call = std::move(call)](
                                               const StatusOr<bool>& leased) {
          if (leased.ok()) response->set_was_leased(*leased);
          call->Finish(leased.status());
        });
      });
}

void AccountService::BorrowApiKey(ExchangePtr exchange,
                                  const pb::BorrowApiKeyRequest* request,
                                  pb::BorrowApiKeyResponse* response) {
  ServeUnary(
      context_, std::move(exchange), "Accounts.BorrowApiKey", "", request,
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
