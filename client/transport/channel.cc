#include "client/transport/channel.h"

#include <optional>
#include <utility>

#include "client/transport/agent_socket.h"
#include "client/transport/http2_connection.h"
#include "client/transport/unreachable.h"

namespace libretto {
namespace {

// A unary answer: exactly one message.
struct OneMessage {
  Status Accept(SecretBytes bytes) {
    if (message.has_value()) {
      return Unreachable("the agent's answer has more than one message");
    }
    message = std::move(bytes);
    return OkStatus();
  }

  std::optional<SecretBytes> message;
};

}  // namespace

StatusOr<Channel> Channel::Connect(const std::string& path, uid_t expected_uid,
                                   Deadline deadline) {
  StatusOr<UniqueFd> fd = ConnectToSocket(path, expected_uid, deadline);
  if (!fd.ok()) return fd.status();
  return Channel(*std::move(fd), deadline);
}

Channel::Channel(UniqueFd connected, Deadline handshake_deadline)
    : connection_(std::make_unique<Http2Connection>(std::move(connected),
                                                    handshake_deadline)) {}

Channel::Channel(Channel&&) noexcept = default;
Channel& Channel::operator=(Channel&&) noexcept = default;
Channel::~Channel() = default;

std::vector<StatusOr<SecretBytes>> Channel::Unary(std::vector<Call> calls,
                                                  Deadline deadline) {
  std::vector<OneMessage> answers(calls.size());
  std::vector<Http2Connection::Stream> streams;
  streams.reserve(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    streams.emplace_back(std::move(calls[i].method), calls[i].request,
                         [answer = &answers[i]](SecretBytes bytes) {
                           return answer->Accept(std::move(bytes));
                         });
  }
  connection_->Run(streams, deadline);

  std::vector<StatusOr<SecretBytes>> results;
  results.reserve(streams.size());
  for (std::size_t i = 0; i < streams.size(); ++i) {
    if (!streams[i].outcome->ok()) {
      results.emplace_back(*streams[i].outcome);
    } else if (!answers[i].message.has_value()) {
      results.emplace_back(Unreachable("the agent's answer has no message"));
    } else {
      results.emplace_back(*std::move(answers[i].message));
    }
  }
  return results;
}

StatusOr<SecretBytes> Channel::Unary(Call call, Deadline deadline) {
  std::vector<Call> calls;
  calls.push_back(std::move(call));
  return std::move(Unary(std::move(calls), deadline).front());
}

Status Channel::ServerStreaming(Call call, Deadline deadline,
                                OnMessage on_message) {
  std::vector<Http2Connection::Stream> streams;
  streams.emplace_back(std::move(call.method), call.request,
                       std::move(on_message));
  connection_->Run(streams, deadline);
  return *streams.front().outcome;
}

}  // namespace libretto
