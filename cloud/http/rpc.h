// The answers of /v1/*: oRPC's envelope, {"json": ...} both ways. Any thread.
#pragma once

#include <string_view>

#include "base/errors.h"
#include "cloud/http/http_message.h"
#include "cloud/http/input.h"

namespace libretto::cloud {

struct Rpc {
  static HttpResponse Ok(JsonOut output);

  // `data` is left out when it is null.
  static HttpResponse Error(int status, std::string_view message,
                            const JsonOut& data = nullptr);

  static HttpResponse Failure(const Status& status);
  static HttpResponse InvalidInput(const Input& input);
  static HttpResponse Malformed();

  // The status with its own title: 404, 405, 413, 503 ...
  static HttpResponse Plain(int status);
};

}  // namespace libretto::cloud
