// The answers of /api/auth/*: plain JSON, errors as {"code","message"}. Codes
// and their order are Better Auth 1.4's, which the hosted service is built
// from. Any thread.
#pragma once

#include <string_view>

#include "base/errors.h"
#include "cloud/core/records.h"
#include "cloud/http/http_message.h"
#include "cloud/http/input.h"

namespace libretto::cloud {

struct BetterAuth {
  static HttpResponse Ok(const JsonOut& body) {
    return JsonResponse(200, body);
  }

  static HttpResponse Error(int status, std::string_view code,
                            std::string_view message);

  // A refusal in the contract's words; anything else is a 503 or a 500 that
  // says no more than that.
  static HttpResponse Failure(const Status& status);

  // `where`: "body" or "query".
  static HttpResponse InvalidInput(const Input& input, const char* where);

  // A link that would lead off trusted ground.
  static HttpResponse BadCallback();

  // What the server itself says: 413, 503, 404 (which has no body) ...
  static HttpResponse Plain(int status);

  static JsonOut UserJson(const User& user);
  static JsonOut MemberJson(const Membership& membership);
};

}  // namespace libretto::cloud
