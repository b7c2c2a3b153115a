// How AgentClient makes a call; for its .cc files alone. Not thread-safe.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "base/errors.h"
#include "base/secret.h"
#include "client/transport/agent_client.h"
#include "client/transport/channel.h"
#include "client/transport/unreachable.h"

namespace libretto {

inline constexpr std::chrono::seconds kLocalLimit(2);
// The agent gives the cloud ten.
inline constexpr std::chrono::seconds kCloudLimit(15);

inline Status Explained(const Status& status) {
  if (status.code() != StatusCode::kUnimplemented) return status;
  return WithRemedy(
      Status(StatusCode::kUnimplemented,
             "the running agent is older than this command and does not know "
             "this call"),
      "librettoctl agent stop");
}

template <typename Reply>
StatusOr<Reply> Parsed(const StatusOr<SecretBytes>& bytes) {
  if (!bytes.ok()) return Explained(bytes.status());
  Reply reply;
  const std::string_view text = bytes->Reveal();
  if (!reply.ParseFromArray(text.data(), static_cast<int>(text.size()))) {
    return Unreachable("the agent's answer cannot be parsed");
  }
  return reply;
}

// For a field of a message, which wipes nothing: see WipeString().
inline std::string Copy(const SecretBytes& secret) {
  return std::string(secret.Reveal());
}

template <typename Request>
Channel::Call AgentClient::MakeCall(const char* method, Request request) const {
  auto& context = *request.mutable_context();
  context.set_profile(caller_.profile);
  context.set_api_url(caller_.api_url);
  context.set_api_key(Copy(caller_.api_key));
  SecretBytes bytes(request.ByteSizeLong());
  request.SerializeToArray(bytes.RevealMutable(),
                           static_cast<int>(bytes.size()));
  WipeString(*context.mutable_api_key());
  if constexpr (requires { request.mutable_password(); }) {
    WipeString(*request.mutable_password());
  }
  if constexpr (requires { request.mutable_passphrase(); }) {
    WipeString(*request.mutable_passphrase());
  }
  if constexpr (requires { request.mutable_value(); }) {
    WipeString(*request.mutable_value());
  }
  return {method, std::move(bytes)};
}

template <typename Reply, typename Request>
StatusOr<Reply> AgentClient::Ask(const char* method, Request request,
                                 std::chrono::milliseconds limit) {
  return Parsed<Reply>(
      channel_.Unary(MakeCall(method, std::move(request)), In(limit)));
}

}  // namespace libretto
