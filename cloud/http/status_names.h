// The names of HTTP statuses, as oRPC writes them. Any thread.
#pragma once

#include <iterator>
#include <string_view>

namespace libretto::cloud {

struct StatusName {
  int status;
  std::string_view code;
  std::string_view title;
};

// A status that is not in the list gets the last one's names.
inline StatusName StatusNameOf(int status) {
  constexpr StatusName kNames[] = {
      {400, "BAD_REQUEST", "Bad Request"},
      {401, "UNAUTHORIZED", "Unauthorized"},
      {403, "FORBIDDEN", "Forbidden"},
      {404, "NOT_FOUND", "Not Found"},
      {405, "METHOD_NOT_SUPPORTED", "Method Not Supported"},
      {409, "CONFLICT", "Conflict"},
      {413, "PAYLOAD_TOO_LARGE", "Payload Too Large"},
      {429, "TOO_MANY_REQUESTS", "Too many requests. Please try again later."},
      {431, "BAD_REQUEST", "Request Header Fields Too Large"},
      {503, "SERVICE_UNAVAILABLE", "Service Unavailable"},
      {500, "INTERNAL_SERVER_ERROR", "Internal server error"},
  };
  for (const StatusName& name : kNames) {
    if (name.status == status) return name;
  }
  return kNames[std::size(kNames) - 1];
}

}  // namespace libretto::cloud
