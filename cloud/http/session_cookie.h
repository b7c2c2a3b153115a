// The session cookie: better-auth.session_token=<token>.<signature>, percent-
// encoded, with the attributes in the contract's order. Its name and Secure
// follow the base URL's scheme. Immutable after construction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "cloud/core/tokens.h"

namespace libretto::cloud {

class SessionCookie {
 public:
  SessionCookie(SecretBytes signing_key, bool secure)
      : signer_(std::move(signing_key)), secure_(secure) {}

  // The values of Set-Cookie headers. Not remembered: gone with the browser,
  // and a second cookie that says so.
  std::vector<std::string> Issue(const SecretBytes& token, bool remember) const;
  std::vector<std::string> Clear() const;

  // The token in a Cookie header, if its signature is ours.
  std::optional<SecretBytes> TokenIn(std::string_view cookie_header) const;

 private:
  std::string Named(std::string_view name, std::string_view value,
                    std::optional<long> max_age) const;
  std::string Signed(std::string_view value) const;

  const Signer signer_;
  const bool secure_;
};

}  // namespace libretto::cloud
