// Requests and responses as plain values: what the routes see, so that none of
// them knows the HTTP library. Immutable after construction.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace libretto::cloud {

// For output: keeps the order in which members were added, as the contract
// shows them.
using JsonOut = nlohmann::ordered_json;

struct HttpRequest {
  // The value of the header with this lower-case name; empty when missing. A
  // repeated header is joined with ", ", a Cookie with "; ".
  std::string_view Header(std::string_view name) const;

  std::string method;
  std::string path;   // as sent, without the query
  std::string query;  // without the '?'
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string peer;  // the address at the other end of the socket
};

struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // What went wrong on our side. For the log, never for the client.
  std::string failure;
};

HttpResponse JsonResponse(int status, const JsonOut& body);

HttpResponse Redirect(std::string location);

// `url` with `parameter` ("name=value") added to its query.
std::string WithParameter(std::string url, std::string_view parameter);

// `name` in application/x-www-form-urlencoded text, decoded; empty when it is
// not there.
std::string QueryParameter(std::string_view query, std::string_view name);

// All of it, as a JSON object of strings; what is not UTF-8 is replaced.
Json FormAsJson(std::string_view form);

}  // namespace libretto::cloud
