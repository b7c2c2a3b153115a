// Channel: genuine gRPC over one Unix socket, for a process that lives for a
// millisecond: unary and server-streaming calls, several at once, with
// deadlines; no compression, no retries, no threads. It answers for nothing but
// the wire; client/transport/agent_client.h knows the agent's API.
//
// Not thread-safe.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "base/deadline.h"
#include "base/errors.h"
#include "base/secret.h"
#include "base/unique_fd.h"

namespace libretto {

class Http2Connection;

class Channel {
 public:
  struct Call {
    std::string method;   // "/package.Service/Method"
    SecretBytes request;  // the serialised message
  };
  // Gets each message of a stream; an error ends the call with that error.
  using OnMessage = absl::AnyInvocable<Status(SecretBytes)>;

  // Connects to the server at `path`, which has to run as `expected_uid`.
  // `deadline` bounds the connection and the server's first HTTP/2 frame.
  static StatusOr<Channel> Connect(const std::string& path, uid_t expected_uid,
                                   Deadline deadline);

  // Over a connected stream socket.
  Channel(UniqueFd connected, Deadline handshake_deadline);

  Channel(Channel&&) noexcept;
  Channel& operator=(Channel&&) noexcept;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel();

  // All calls in flight together; the answers in the order of the calls. A
  // failure to get an answer at all is IsUnreachable(), and so is a deadline
  // that passes here rather than in the agent.
  std::vector<StatusOr<SecretBytes>> Unary(std::vector<Call> calls,
                                           Deadline deadline);
  StatusOr<SecretBytes> Unary(Call call, Deadline deadline);

  Status ServerStreaming(Call call, Deadline deadline, OnMessage on_message);

 private:
  std::unique_ptr<Http2Connection> connection_;
};

}  // namespace libretto
