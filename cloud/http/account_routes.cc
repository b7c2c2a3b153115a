// Sign-up (two ways) and sign-in.
#include <utility>

#include "cloud/core/email_address.h"
#include "cloud/http/better_auth.h"
#include "cloud/http/routes.h"
#include "cloud/http/rpc.h"

namespace libretto::cloud {
namespace {

using Format = StringRule::Format;

constexpr StringRule kName = {.max = 256};
constexpr StringRule kRequiredName = {.min = 1, .max = 256};
constexpr StringRule kEmail = {.format = Format::kEmail};
constexpr StringRule kSlug = {.min = 2, .max = 60, .format = Format::kSlug};
constexpr StringRule kAnyPassword = {.may_hold_nul = true};
constexpr StringRule kNewPassword = {
    .min = 8, .max = 128, .may_hold_nul = true};

HttpResponse BadCallback() {
  return BetterAuth::Error(403, "INVALID_CALLBACKURL", "Invalid callbackURL");
}

bool Allows(const Services& services,
            const std::optional<std::string>& callback) {
  return !callback.has_value() || services.origins.AllowsRedirect(*callback);
}

JsonOut AsArray(const std::vector<std::string>& values) {
  JsonOut array = JsonOut::array();
  for (const std::string& value : values) array.push_back(value);
  return array;
}

void SetCookies(HttpResponse& response,
                const std::vector<std::string>& cookies) {
  for (const std::string& cookie : cookies) {
    response.headers.emplace_back("set-cookie", cookie);
  }
}

HttpResponse SignUpAndCreateOrg(const Services& services, const Call& call) {
  Input input(call.input);
  SignUpRequest request;
  request.name = input.String("name", kRequiredName);
  request.email = input.String("email", kEmail);
  request.password = SecretBytes::Take(input.String("password", kNewPassword));
  OrganizationRequest organization;
  organization.name = input.String("organizationName", kRequiredName);
  organization.slug = input.String("organizationSlug", kSlug);
  organization.alert_email = input.String("debugNotificationEmail", kEmail);
  if (!input.ok()) return Rpc::InvalidInput(input);
  request.organization = std::move(organization);
  request.callback_url = "/auth/verified";
  request.user_agent = call.request.Header("user-agent");

  const StatusOr<SignUpResult> result = services.accounts.SignUp(request);
  if (!result.ok()) return Rpc::Failure(result.status());
  const SignedIn& signed_in = result->signed_in;
  return Rpc::Ok({{"userId", signed_in.user.id},
                  {"email", signed_in.user.email},
                  {"organizationId", result->organization->id},
                  {"organizationSlug", result->organization->slug},
                  {"sessionToken", signed_in.token.Reveal()},
                  {"setCookie", AsArray(services.cookie.Issue(
                                    signed_in.token, /*remember=*/true))},
                  {"emailVerified", signed_in.user.email_verified}});
}

HttpResponse SignUp(const Services& services, const Call& call) {
  Input input(call.input);
  SignUpRequest request;
  request.name = input.String("name", kName);
  request.email = input.String("email", kEmail);
  request.password = SecretBytes::Take(input.String("password", kAnyPassword));
  const auto callback = input.OptionalString("callbackURL");
  if (!input.ok()) return BetterAuth::InvalidInput(input, "body");
  if (!Allows(services, callback)) return BadCallback();
  request.callback_url = callback.value_or("/");
  request.user_agent = call.request.Header("user-agent");

  const StatusOr<SignUpResult> result = services.accounts.SignUp(request);
  if (!result.ok()) return BetterAuth::Failure(result.status());
  const SignedIn& signed_in = result->signed_in;
  HttpResponse response =
      BetterAuth::Ok({{"token", signed_in.token.Reveal()},
                      {"user", BetterAuth::UserJson(signed_in.user)}});
  SetCookies(response,
             services.cookie.Issue(signed_in.token, /*remember=*/true));
  return response;
}

HttpResponse SignIn(const Services& services, const Call& call) {
  Input input(call.input);
  const std::string email = input.String("email");
  const SecretBytes password =
      SecretBytes::Take(input.String("password", kAnyPassword));
  const auto callback = input.OptionalString("callbackURL");
  const bool remember = input.OptionalBool("rememberMe", true);
  if (!input.ok()) return BetterAuth::InvalidInput(input, "body");
  if (!Allows(services, callback)) return BadCallback();
  if (!IsEmailAddress(email)) {
    return BetterAuth::Error(400, "INVALID_EMAIL", "Invalid email");
  }

  const StatusOr<SignedIn> signed_in = services.accounts.SignIn(
      email, password, remember, call.request.Header("user-agent"));
  if (!signed_in.ok()) return BetterAuth::Failure(signed_in.status());
  JsonOut body = {{"redirect", callback.has_value()},
                  {"token", signed_in->token.Reveal()}};
  if (callback.has_value()) body["url"] = *callback;
  body["user"] = BetterAuth::UserJson(signed_in->user);
  HttpResponse response = BetterAuth::Ok(body);
  if (callback.has_value()) {
    response.headers.emplace_back("location", *callback);
  }
  SetCookies(response, services.cookie.Issue(signed_in->token, remember));
  return response;
}

}  // namespace

void AddAccountRoutes(const Services& services, std::vector<Route>& routes) {
  routes.push_back({.method = "POST",
                    .path = "/v1/auth/signupAndCreateOrg",
                    .handle =
                        [services](const Call& call) {
                          return SignUpAndCreateOrg(services, call);
                        },
                    .work = Work::kPasswordHashing,
                    .limit = &kSignUpLimit});
  routes.push_back(
      {.method = "POST",
       .path = "/api/auth/sign-up/email",
       .handle =
           [services](const Call& call) { return SignUp(services, call); },
       .work = Work::kPasswordHashing,
       .opens_session = true,
       .limit = &kSignUpLimit});
  routes.push_back(
      {.method = "POST",
       .path = "/api/auth/sign-in/email",
       .handle =
           [services](const Call& call) { return SignIn(services, call); },
       .work = Work::kPasswordHashing,
       .opens_session = true,
       .limit = &kSignInLimit});
}

}  // namespace libretto::cloud
