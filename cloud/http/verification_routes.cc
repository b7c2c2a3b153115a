// The proof that a mail address belongs to who signed up with it.
#include "cloud/core/refusal.h"
#include "cloud/http/better_auth.h"
#include "cloud/http/routes.h"
#include "cloud/http/string_rules.h"

namespace libretto::cloud {
namespace {

HttpResponse SendVerification(const Services& services, const Call& call) {
  Input input(call.input);
  const std::string email = input.String("email", kEmail);
  const auto callback = input.OptionalString("callbackURL");
  if (!input.ok()) return BetterAuth::InvalidInput(input, "body");
  if (callback.has_value() && !services.origins.AllowsRedirect(*callback)) {
    return BetterAuth::BadCallback();
  }
  const Status sent = services.accounts.SendVerification(
      email, callback.value_or("/"),
      call.identity.has_value() ? &call.identity->user : nullptr);
  if (!sent.ok()) return BetterAuth::Failure(sent);
  return BetterAuth::Ok({{"status", true}});
}

HttpResponse VerifyEmail(const Services& services, const Call& call) {
  const Json query = FormAsJson(call.request.query);
  Input input(&query);
  const SecretBytes token = SecretBytes::Take(input.String("token"));
  const auto callback = input.OptionalString("callbackURL");
  if (!input.ok()) return BetterAuth::InvalidInput(input, "query");
  if (callback.has_value() && !services.origins.AllowsRedirect(*callback)) {
    return BetterAuth::BadCallback();
  }
  const Status verified = services.accounts.VerifyEmail(token);
  if (!callback.has_value()) {
    if (!verified.ok()) return BetterAuth::Failure(verified);
    return BetterAuth::Ok({{"status", true}, {"user", nullptr}});
  }
  if (verified.ok()) return Redirect(*callback);
  if (RefusalOf(verified) != Refusal::kBadVerificationToken) {
    return BetterAuth::Failure(verified);
  }
  return Redirect(WithParameter(*callback, "error=invalid_token"));
}

}  // namespace

void AddVerificationRoutes(const Services& services,
                           std::vector<Route>& routes) {
  routes.push_back({.method = "POST",
                    .path = "/api/auth/send-verification-email",
                    .auth = Auth::kOptional,
                    .handle =
                        [services](const Call& call) {
                          return SendVerification(services, call);
                        },
                    .limit = &kVerificationLimit});
  routes.push_back(
      {.method = "GET",
       .path = "/api/auth/verify-email",
       .handle =
           [services](const Call& call) { return VerifyEmail(services, call); },
       .limit = &kTokenLimit});
}

}  // namespace libretto::cloud
