// A new password for who can read the account's mail. The contract has the
// request for it twice: Better Auth's, and one for the command line.
#include <string>
#include <utility>

#include "cloud/core/refusal.h"
#include "cloud/http/better_auth.h"
#include "cloud/http/routes.h"
#include "cloud/http/rpc.h"
#include "cloud/http/string_rules.h"

namespace libretto::cloud {
namespace {

// Our page, for a link that is to lead nowhere else.
constexpr char kResetPage[] = "/reset-password";

HttpResponse RequestReset(const Services& services, const Call& call) {
  Input input(call.input);
  const std::string email = input.String("email", kEmail);
  const auto redirect = input.OptionalString("redirectTo");
  if (!input.ok()) return BetterAuth::InvalidInput(input, "body");
  if (redirect.has_value() && !services.origins.AllowsRedirect(*redirect)) {
    return BetterAuth::Error(403, "INVALID_REDIRECTURL", "Invalid redirectURL");
  }
  const Status requested =
      services.password_reset.Request(email, redirect.value_or(kResetPage));
  if (!requested.ok()) return BetterAuth::Failure(requested);
  return BetterAuth::Ok(
      {{"status", true},
       {"message",
        "If this email exists in our system, check your email for the reset "
        "link"}});
}

// Says "sent" whether or not anybody has the address: "not_found", which the
// contract allows, would tell everybody who has an account here.
HttpResponse RequestResetByCommandLine(const Services& services,
                                       const Call& call) {
  Input input(call.input);
  const std::string email = input.String("email", kEmail);
  if (!input.ok()) return Rpc::InvalidInput(input);
  const Status requested = services.password_reset.Request(email, kResetPage);
  if (!requested.ok()) return Rpc::Failure(requested);
  return Rpc::Ok({{"status", "sent"}});
}

// What the mailed link opens. Only looks: programs that read mail open links
// too, and must not use the token up.
HttpResponse FollowLink(const Services& services, const Call& call) {
  const Json query = FormAsJson(call.request.query);
  Input input(&query);
  const std::string callback = input.String("callbackURL");
  if (!input.ok()) return BetterAuth::InvalidInput(input, "query");
  if (!services.origins.AllowsRedirect(callback)) {
    return BetterAuth::BadCallback();
  }
  const Status good =
      services.password_reset.Check(SecretBytes::CopyOf(call.parameter));
  if (good.ok()) {
    return Redirect(
        WithParameter(callback, "token=" + std::string(call.parameter)));
  }
  if (RefusalOf(good) != Refusal::kBadResetToken) {
    return BetterAuth::Failure(good);
  }
  return Redirect(WithParameter(callback, "error=INVALID_TOKEN"));
}

HttpResponse SetPassword(const Services& services, const Call& call) {
  Input input(call.input);
  const SecretBytes password =
      SecretBytes::Take(input.String("newPassword", kAnyPassword));
  auto token = input.OptionalString("token");
  if (!input.ok()) return BetterAuth::InvalidInput(input, "body");
  if (!token.has_value()) token = QueryParameter(call.request.query, "token");
  const Status set = services.password_reset.Finish(
      SecretBytes::Take(*std::move(token)), password);
  if (!set.ok()) return BetterAuth::Failure(set);
  return BetterAuth::Ok({{"status", true}});
}

}  // namespace

void AddPasswordResetRoutes(const Services& services,
                            std::vector<Route>& routes) {
  routes.push_back(
      {.method = "POST",
       .path = "/api/auth/request-password-reset",
       .handle = [services](
                     const Call& call) { return RequestReset(services, call); },
       .limit = &kResetLimit});
  routes.push_back({.method = "POST",
                    .path = "/v1/auth/requestPasswordReset",
                    .handle =
                        [services](const Call& call) {
                          return RequestResetByCommandLine(services, call);
                        },
                    .limit = &kResetLimit});
  routes.push_back(
      {.method = "GET",
       .path = "/api/auth/reset-password/:token",
       .handle =
           [services](const Call& call) { return FollowLink(services, call); },
       .limit = &kTokenLimit});
  routes.push_back(
      {.method = "POST",
       .path = "/api/auth/reset-password",
       .handle =
           [services](const Call& call) { return SetPassword(services, call); },
       .work = Work::kPasswordHashing,
       .limit = &kTokenLimit});
}

}  // namespace libretto::cloud
