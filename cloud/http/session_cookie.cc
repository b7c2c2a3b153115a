#include "cloud/http/session_cookie.h"

#include "cloud/core/sessions.h"
#include "cloud/core/text.h"

namespace libretto::cloud {
namespace {

constexpr std::string_view kSecurePrefix = "__Secure-";
constexpr std::string_view kToken = "better-auth.session_token";
constexpr std::string_view kCache = "better-auth.session_data";
constexpr std::string_view kDoNotRemember = "better-auth.dont_remember";

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string SessionCookie::Signed(std::string_view value) const {
  return std::string(value) + "." + Base64(signer_.Sign(value));
}

std::string SessionCookie::Named(std::string_view name, std::string_view value,
                                 std::optional<long> max_age) const {
  std::string cookie;
  if (secure_) cookie += kSecurePrefix;
  cookie += name;
  cookie += '=';
  cookie += PercentEncoded(value);
  if (max_age.has_value()) cookie += "; Max-Age=" + std::to_string(*max_age);
  cookie += "; Path=/; HttpOnly";
  if (secure_) cookie += "; Secure";
  cookie += "; SameSite=Lax";
  return cookie;
}

std::vector<std::string> SessionCookie::Issue(const SecretBytes& token,
                                              bool remember) const {
  const std::string value = Signed(token.Reveal());
  if (remember) return {Named(kToken, value, kSessionLifetime.count())};
  return {Named(kToken, value, std::nullopt),
          Named(kDoNotRemember, Signed("true"), std::nullopt)};
}

std::vector<std::string> SessionCookie::Clear() const {
  return {Named(kToken, "", 0), Named(kCache, "", 0),
          Named(kDoNotRemember, "", 0)};
}

std::optional<SecretBytes> SessionCookie::TokenIn(
    std::string_view cookie_header) const {
  const std::string wanted =
      (secure_ ? std::string(kSecurePrefix) : std::string()) +
      std::string(kToken);
  while (!cookie_header.empty()) {
    const std::size_t end = cookie_header.find(';');
    const std::string_view pair = Trimmed(cookie_header.substr(0, end));
    cookie_header.remove_prefix(
        end == std::string_view::npos ? cookie_header.size() : end + 1);
    const std::size_t equals = pair.find('=');
    if (pair.substr(0, equals) != wanted || equals == std::string_view::npos) {
      continue;
    }
    const std::string value = PercentDecoded(pair.substr(equals + 1));
    const std::size_t dot = value.rfind('.');
    if (dot == std::string::npos || dot == 0) return std::nullopt;
    const std::string_view token = std::string_view(value).substr(0, dot);
    if (!SameBytes(value, Signed(token))) return std::nullopt;
    return SecretBytes::CopyOf(token);
  }
  return std::nullopt;
}

}  // namespace libretto::cloud
