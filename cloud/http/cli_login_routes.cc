// The command line's login through a browser. Polling is cheap and happens
// every two seconds (contract 6.1).
#include <utility>

#include "cloud/core/refusal.h"
#include "cloud/http/routes.h"
#include "cloud/http/rpc.h"

namespace libretto::cloud {
namespace {

struct NamedLogin {
  std::string id;
  SecretBytes secret;
};

NamedLogin ReadLogin(Input& input) {
  std::string id =
      input.String("requestId", {.format = StringRule::Format::kUuid});
  return {std::move(id), SecretBytes::Take(input.String("secret"))};
}

HttpResponse Create(const Services& services) {
  const StatusOr<OpenedCliLogin> opened = services.cli_logins.Open();
  if (!opened.ok()) return Rpc::Failure(opened.status());
  return Rpc::Ok({{"requestId", opened->id},
                  {"secret", opened->secret.Reveal()},
                  {"expiresAt", Iso8601(opened->expires_at)}});
}

HttpResponse Approved(const Services& services, const SignedIn& signed_in) {
  const std::string set_cookie =
      services.cookie.Issue(signed_in.token, /*remember=*/true).front();
  return Rpc::Ok({{"status", "approved"},
                  {"cookieHeader", set_cookie.substr(0, set_cookie.find(';'))},
                  {"userId", signed_in.user.id},
                  {"email", signed_in.user.email},
                  {"emailVerified", signed_in.user.email_verified},
                  {"sessionExpiresAt", Iso8601(signed_in.session.expires_at)}});
}

HttpResponse Poll(const Services& services, const Call& call) {
  Input input(call.input);
  const NamedLogin login = ReadLogin(input);
  if (!input.ok()) return Rpc::InvalidInput(input);
  const StatusOr<CliLoginState> state = services.cli_logins.Poll(
      login.id, login.secret, call.request.Header("user-agent"));
  if (!state.ok()) return Rpc::Failure(state.status());
  switch (state->kind) {
    case CliLoginState::Kind::kPending:
      return Rpc::Ok({{"status", "pending"}});
    case CliLoginState::Kind::kExpired:
      return Rpc::Ok({{"status", "expired"}});
    case CliLoginState::Kind::kApproved:
      break;
  }
  return Approved(services, *state->signed_in);
}

HttpResponse Approve(const Services& services, const Call& call) {
  Input input(call.input);
  const NamedLogin login = ReadLogin(input);
  if (!input.ok()) return Rpc::InvalidInput(input);
  const User& user = call.identity->user;
  const Status approved = services.cli_logins.Approve(
      login.id, login.secret, user, SessionIdOf(*call.identity));
  if (RefusalOf(approved) == Refusal::kEmailNotVerified) {
    return Rpc::Ok({{"status", "pending_verification"}, {"email", user.email}});
  }
  if (!approved.ok()) return Rpc::Failure(approved);
  return Rpc::Ok({{"status", "approved"}, {"email", user.email}});
}

}  // namespace

void AddCliLoginRoutes(const Services& services, std::vector<Route>& routes) {
  routes.push_back(
      {.method = "POST",
       .path = "/v1/auth/cliLoginCreate",
       .handle = [services](const Call&) { return Create(services); },
       .limit = &kTokenLimit});
  routes.push_back({.method = "POST",
                    .path = "/v1/auth/cliLoginPoll",
                    .handle = [services](const Call& call) {
                      return Poll(services, call);
                    }});
  routes.push_back(
      {.method = "POST",
       .path = "/v1/auth/cliLoginApprove",
       .auth = Auth::kSession,
       .handle =
           [services](const Call& call) { return Approve(services, call); },
       .limit = &kTokenLimit});
}

}  // namespace libretto::cloud
