#include "agent/remote/http_accounts.h"

#include <string_view>
#include <utility>

namespace libretto {
namespace {

// `Set-Cookie` values cut at the first ';', those without '=' dropped, joined
// with "; " (contract 1.3). Empty when there is none.
template <typename Values>
SecretBytes CookieHeader(const Values& set_cookies) {
  std::string header;
  for (const auto& value : set_cookies) {
    std::string_view cookie = value.Reveal();
    cookie = cookie.substr(0, cookie.find(';'));
    if (cookie.find('=') == std::string_view::npos) continue;
    if (!header.empty()) header += "; ";
    header += cookie;
  }
  return SecretBytes::Take(std::move(header));
}

StatusOr<SignedUp> ParseSignedUp(const std::string& api_url, const Json& json) {
  const Status broken = NotInContract(api_url, "/v1/auth/signupAndCreateOrg");
  auto user_id = StringAt(json, "userId");
  if (!user_id.has_value() || !json.contains("setCookie") ||
      !json["setCookie"].is_array()) {
    return broken;
  }
  std::vector<SecretBytes> set_cookies;
  for (const Json& value : json["setCookie"]) {
    if (!value.is_string()) return broken;
    set_cookies.push_back(SecretBytes::Take(value.get<std::string>()));
  }
  SessionCookie cookie{api_url, CookieHeader(set_cookies)};
  if (cookie.text.empty()) {
    return Offline("the account was made, but the cloud returned no session");
  }
  return SignedUp{std::move(cookie), *std::move(user_id),
                  StringAt(json, "email").value_or(""),
                  StringAt(json, "organizationSlug").value_or(""),
                  BoolAt(json, "emailVerified").value_or(false)};
}

StatusOr<std::optional<SessionFacts>> ParseSession(const std::string& api_url,
                                                   const Json& json) {
  if (json.is_null()) return std::optional<SessionFacts>();
  const Status broken = NotInContract(api_url, "/api/auth/get-session");
  if (!json.is_object() || !json.contains("user") ||
      !json.contains("session")) {
    return broken;
  }
  const Json& user = json["user"];
  auto id = StringAt(user, "id");
  auto email = StringAt(user, "email");
  if (!id.has_value() || !email.has_value()) return broken;
  return std::optional<SessionFacts>(
      {*std::move(id), *std::move(email),
       BoolAt(user, "emailVerified").value_or(false),
       StringAt(json["session"], "expiresAt").value_or("")});
}

StatusOr<std::vector<Organization>> ParseOrganizations(
    const std::string& api_url, const Json& json) {
  const Status broken = NotInContract(api_url, "/api/auth/organization/list");
  if (!json.is_array()) return broken;
  std::vector<Organization> list;
  for (const Json& item : json) {
    auto id = StringAt(item, "id");
    if (!id.has_value()) return broken;
    list.push_back({*std::move(id), StringAt(item, "name").value_or(""),
                    StringAt(item, "slug").value_or("")});
  }
  return list;
}

}  // namespace

void HttpAccounts::SignUp(const std::string& api_url, const SignUpForm& form,
                          Done<SignedUp> done) {
  CloudCall call("POST", api_url, "/v1/auth/signupAndCreateOrg");
  call.With({{"name", form.name},
             {"email", form.email},
             {"password", std::string(form.password.Reveal())},
             {"organizationName", form.organization_name},
             {"organizationSlug", form.organization_slug},
             {"debugNotificationEmail", form.alert_email}});
  api_.Send(std::move(call), [api_url, done = std::move(done)](
                                 StatusOr<CloudAnswer> answer) mutable {
    if (!answer.ok()) return std::move(done)(answer.status());
    std::move(done)(ParseSignedUp(api_url, answer->json));
  });
}

void HttpAccounts::SignIn(const std::string& api_url, const std::string& email,
                          const SecretBytes& password,
                          Done<SessionCookie> done) {
  CloudCall call("POST", api_url, "/api/auth/sign-in/email");
  call.With({{"email", email}, {"password", std::string(password.Reveal())}});
  api_.Send(std::move(call), [api_url, done = std::move(done)](
                                 StatusOr<CloudAnswer> answer) mutable {
    if (!answer.ok()) return std::move(done)(answer.status());
    SessionCookie cookie{api_url, CookieHeader(answer->set_cookies)};
    if (cookie.text.empty()) {
      return std::move(done)(NotInContract(api_url, "/api/auth/sign-in/email"));
    }
    std::move(done)(std::move(cookie));
  });
}

void HttpAccounts::GetSession(const SessionCookie& cookie,
                              Done<std::optional<SessionFacts>> done) {
  CloudCall call("GET", cookie.api_url, "/api/auth/get-session");
  call.As(cookie);
  api_.Send(std::move(call), [api_url = cookie.api_url, done = std::move(done)](
                                 StatusOr<CloudAnswer> answer) mutable {
    if (!answer.ok()) return std::move(done)(answer.status());
    std::move(done)(ParseSession(api_url, answer->json));
  });
}

void HttpAccounts::ListOrganizations(const SessionCookie& cookie,
                                     Done<std::vector<Organization>> done) {
  CloudCall call("GET", cookie.api_url, "/api/auth/organization/list");
  call.As(cookie);
  api_.Send(std::move(call), [api_url = cookie.api_url, done = std::move(done)](
                                 StatusOr<CloudAnswer> answer) mutable {
    if (!answer.ok()) return std::move(done)(answer.status());
    std::move(done)(ParseOrganizations(api_url, answer->json));
  });
}

void HttpAccounts::SendVerification(const SessionCookie& cookie,
                                    const std::string& email, DoneStatus done) {
  CloudCall call("POST", cookie.api_url, "/api/auth/send-verification-email");
  call.As(cookie).With(
      {{"email", email}, {"callbackURL", cookie.api_url + "/auth/verified"}});
  api_.Send(std::move(call), [done = std::move(done)](
                                 const StatusOr<CloudAnswer>& answer) mutable {
    std::move(done)(answer.status());
  });
}

void HttpAccounts::SignOut(const SessionCookie& cookie, DoneStatus done) {
  CloudCall call("POST", cookie.api_url, "/api/auth/sign-out");
  call.As(cookie);
  api_.Send(std::move(call), [done = std::move(done)](
                                 const StatusOr<CloudAnswer>& answer) mutable {
    std::move(done)(answer.status());
  });
}

}  // namespace libretto
