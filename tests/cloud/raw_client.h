// A blocking HTTP client that sends exactly the bytes it is given.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/unique_fd.h"

namespace libretto::cloud::testing {

struct RawResponse {
  // The first header with this lower-case name; "" when there is none.
  std::string Header(std::string_view name) const;
  std::vector<std::string> AllHeaders(std::string_view name) const;

  // The body; a discarded value when it is not JSON.
  Json json() const { return Json::parse(body, nullptr, false); }

  int status = 0;  // 0: the connection was closed without an answer
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port);

  void Send(std::string_view bytes);
  void FinishSending();

  // Reads one response; gives up (status 0) at the end of the stream.
  RawResponse ReadResponse();

  // Whether the server closes without saying anything more.
  bool IsClosed();

 private:
  bool ReadMore();

  UniqueFd fd_;
  std::string buffer_;
};

}  // namespace libretto::cloud::testing
