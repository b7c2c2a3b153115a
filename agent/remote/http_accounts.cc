#include "agent/remote/http_accounts.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace libretto {
namespace {

// What goes into a header must not end it.
bool IsHeaderText(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c >= 0x20 && c < 0x7f;
  });
}

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

StatusOr<BrowserLoginState> ParseBrowserLogin(const std::string& api_url,
                                              const Json& json) {
  const Status broken = NotInContract(api_url, "/v1/auth/cliLoginPoll");
  const std::string status = StringAt(json, "status").value_or("");
  BrowserLoginState state;
  if (status == "pending") return state;
  if (status == "expired") {
    state.kind = BrowserLoginState::Kind::kExpired;
    return state;
  }
  auto cookie = StringAt(json, "cookieHeader");
  auto email = StringAt(json, "email");
  if (status != "approved" || !cookie.has_value() || !email.has_value() ||
      !IsHeaderText(*cookie)) {
    return broken;
  }
  state.kind = BrowserLoginState::Kind::kApproved;
  state.cookie = {api_url, SecretBytes::Take(*std::move(cookie))};
  state.facts = {StringAt(json, "userId").value_or(""), *std::move(email),
                 BoolAt(json, "emailVerified").value_or(false),
                 StringAt(json, "sessionExpiresAt").value_or("")};
  return state;
}

}  // namespace

StatusOr<SignedUp> ParseSignedUp(const std::string& api_url, const char* route,
                                 const Json& json) {
  const Status broken = NotInContract(api_url, route);
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
    std::move(done)(
        ParseSignedUp(api_url, "/v1/auth/signupAndCreateOrg", answer->json));
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

void HttpAccounts::OpenBrowserLogin(const std::string& api_url,
                                    Done<BrowserLoginRequest> done) {
  CloudCall call("POST", api_url, "/v1/auth/cliLoginCreate");
  call.With(Json::object());
  api_.Send(std::move(call), [api_url, done = std::move(done)](
                                 StatusOr<CloudAnswer> answer) mutable {
    if (!answer.ok()) return std::move(done)(answer.status());
    auto id = StringAt(answer->json, "requestId");
    auto secret = StringAt(answer->json, "secret");
    if (!id.has_value() || !secret.has_value()) {
      return std::move(done)(NotInContract(api_url, "/v1/auth/cliLoginCreate"));
    }
    std::move(done)(BrowserLoginRequest{
        api_url, *std::move(id), SecretBytes::Take(*std::move(secret)),
        StringAt(answer->json, "expiresAt").value_or("")});
  });
}

void HttpAccounts::PollBrowserLogin(const BrowserLoginRequest& request,
                                    Done<BrowserLoginState> done) {
  CloudCall call("POST", request.api_url, "/v1/auth/cliLoginPoll");
  call.With({{"requestId", request.id},
             {"secret", std::string(request.secret.Reveal())}});
  api_.Send(std::move(call),
            [api_url = request.api_url,
             done = std::move(done)](StatusOr<CloudAnswer> answer) mutable {
              if (!answer.ok()) return std::move(done)(answer.status());
              std::move(done)(ParseBrowserLogin(api_url, answer->json));
            });
}

void HttpAccounts::GetSession(const Principal& principal,
                              Done<std::optional<SessionFacts>> done) {
  CloudCall call("GET", ApiUrlOf(principal), "/api/auth/get-session");
  call.As(principal);
  api_.Send(std::move(call),
            [api_url = ApiUrlOf(principal),
             done = std::move(done)](StatusOr<CloudAnswer> answer) mutable {
              if (!answer.ok()) return std::move(done)(answer.status());
              std::move(done)(ParseSession(api_url, answer->json));
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

void HttpAccounts::ForgotPassword(const std::string& api_url,
                                  const std::string& email, Done<bool> done) {
  CloudCall call("POST", api_url, "/v1/auth/requestPasswordReset");
  call.With({{"email", email}});
  api_.Send(std::move(call),
            [done = std::move(done)](StatusOr<CloudAnswer> answer) mutable {
              if (!answer.ok()) return std::move(done)(answer.status());
              std::move(done)(StringAt(answer->json, "status") != "not_found");
            });
}

void HttpAccounts::DeleteAccount(const SessionCookie& cookie, DoneStatus done) {
  CloudCall call("POST", cookie.api_url, "/v1/dashboard/deleteAccount");
  call.As(cookie).With(Json::object());
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
