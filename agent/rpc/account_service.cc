#include "agent/rpc/account_service.h"

#include <string_view>
#include <utility>

namespace libretto {
namespace {

namespace pb = agent::v1;
using CallPtr = std::unique_ptr<Call>;

// Contract 1.1: URL and path are concatenated, so a trailing slash would lead
// nowhere.
std::string ApiUrl(std::string_view requested) {
  while (requested.ends_with('/')) requested.remove_suffix(1);
  return std::string(requested.empty() ? kHostedService : requested);
}

void Fill(const Identity& identity, Session::State state,
          const std::string& session_file, bool checked,
          pb::WhoAmIResponse* response) {
  switch (state) {
    case Session::State::kSignedIn:
      response->set_source(pb::WhoAmIResponse::SESSION);
      break;
    case Session::State::kApiKey:
      response->set_source(pb::WhoAmIResponse::ENVIRONMENT);
      break;
    case Session::State::kSignedOut:
    case Session::State::kEnded:
      response->set_source(pb::WhoAmIResponse::NOBODY);
      break;
  }
  response->set_email(identity.email);
  response->set_user_id(identity.user_id);
  response->set_api_url(identity.api_url);
  response->set_expires_at(identity.expires_at);
  response->set_session_file(session_file);
  response->set_checked(checked && state == Session::State::kSignedIn);
  response->set_email_verified(identity.email_verified);
  if (identity.organization.has_value()) {
    response->set_organization_name(identity.organization->name);
    response->set_organization_slug(identity.organization->slug);
  }
}

}  // namespace

grpc::ServerUnaryReactor* AccountService::SignUp(
    grpc::CallbackServerContext* server_context,
    const pb::SignUpRequest* request, pb::SignUpResponse* response) {
  return ServeUnary(
      context_, server_context, "Accounts.SignUp", "",
      [this, request, response](CallPtr call) {
        const SignUpForm form{request->name(),
                              request->email(),
                              SecretBytes::CopyOf(request->password()),
                              request->organization_name(),
                              request->organization_slug(),
                              request->alert_email().empty()
                                  ? request->email()
                                  : request->alert_email()};
        profile_.accounts.SignUp(
            ApiUrl(request->api_url()), form,
            [this, response,
             call = std::move(call)](const StatusOr<SignedInAs>& as) {
              if (as.ok()) {
                response->set_email(as->email);
                response->set_organization_slug(as->organization_slug);
                response->set_email_verified(as->email_verified);
                response->set_session_file(profile_.accounts.session_file());
              }
              call->Finish(as.status());
            });
      });
}

grpc::ServerUnaryReactor* AccountService::Login(
    grpc::CallbackServerContext* server_context,
    const pb::LoginRequest* request, pb::LoginResponse* response) {
  return ServeUnary(
      context_, server_context, "Accounts.Login", "",
      [this, request, response](CallPtr call) {
        profile_.accounts.Login(
            ApiUrl(request->api_url()), request->email(),
            SecretBytes::CopyOf(request->password()),
            [this, response,
             call = std::move(call)](const StatusOr<SignedInAs>& as) {
              if (as.ok()) {
                response->set_email(as->email);
                response->set_email_verified(as->email_verified);
                response->set_session_file(profile_.accounts.session_file());
              }
              call->Finish(as.status());
            });
      });
}

grpc::ServerUnaryReactor* AccountService::Logout(
    grpc::CallbackServerContext* server_context, const pb::LogoutRequest*,
    pb::LogoutResponse* response) {
  return ServeUnary(
      context_, server_context, "Accounts.Logout", "",
      [this, response](CallPtr call) {
        if (const Status loaded = profile_.accounts.Load(); !loaded.ok()) {
          return call->Finish(loaded);
        }
        profile_.accounts.Logout(
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
      context_, server_context, "Accounts.WhoAmI", "",
      [this, request, response](CallPtr call) {
        if (const Status loaded = profile_.accounts.Load(); !loaded.ok()) {
          return call->Finish(loaded);
        }
        profile_.accounts.WhoAmI(
            request->check(),
            [this, response, checked = request->check(),
             call = std::move(call)](const StatusOr<Identity>& identity) {
              if (identity.ok()) {
                Fill(*identity, profile_.session.state(),
                     profile_.accounts.session_file(), checked, response);
              }
              call->Finish(identity.status());
            });
      });
}

}  // namespace libretto
