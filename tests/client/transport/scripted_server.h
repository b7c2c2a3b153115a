// ScriptedServer: the other end of a Channel in a test. A real HTTP/2 server
// session on a thread answers each call as the test says, or a peer that is no
// server at all writes what the test says. Ends with the object.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/unique_fd.h"

namespace libretto::testing {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::map<std::string, std::string> headers;
  std::string body;
};

struct Answer {
  Headers headers = {{":status", "200"}, {"content-type", "application/grpc"}};
  std::string body = {};
  Headers trailers = {{"grpc-status", "0"}};
  bool never = false;          // receive the call and say nothing
  int reset = -1;              // an HTTP/2 error code: break the call off
  bool close_in_body = false;  // drop the connection instead of the trailers
  bool goaway = false;         // refuse this and every later call
};

// gRPC's framing of one message.
std::string Framed(const std::string& message, char compressed = 0);

// A pair of connected stream sockets.
std::pair<UniqueFd, UniqueFd> ConnectedPair();

class ScriptedServer {
 public:
  using Script = std::function<Answer(const Request&)>;

  // Serves HTTP/2 on `socket`; all calls of one batch of received bytes are
  // answered in reverse order.
  ScriptedServer(UniqueFd socket, Script script);

  // Writes `bytes`; then closes, or stays silent until the client closes.
  static ScriptedServer Raw(UniqueFd socket, std::string bytes, bool close);

  ScriptedServer(ScriptedServer&&) = default;
  ScriptedServer& operator=(ScriptedServer&&) = delete;
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer();

 private:
  explicit ScriptedServer(std::thread thread) : thread_(std::move(thread)) {}

  std::thread thread_;
};

}  // namespace libretto::testing
