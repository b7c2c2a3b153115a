// GrpcCall: one call that is being served, as its handler sees it. Who asked,
// and the way for messages and for the status that ends it.
//
// Loop thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "agent/core/caller.h"
#include "agent/grpc/call_room.h"
#include "base/errors.h"
#include "base/secret.h"

namespace libretto {

// Who streams answers wants to know; each in a turn of the loop of its own.
class GrpcCallListener {
 public:
  virtual ~GrpcCallListener() = default;
  // All that was sent so far is on its way.
  virtual void OnSent() = 0;
  // The caller has left, or given up. Not after Finish().
  virtual void OnCancelled() = 0;
};

// Where a call's answers go.
class GrpcAnswers {
 public:
  virtual ~GrpcAnswers() = default;
  virtual void Listen(std::int32_t stream,
                      std::weak_ptr<GrpcCallListener> listener) = 0;
  virtual void Send(std::int32_t stream, const SecretBytes& message) = 0;
  // `last`: a message that goes out before it, and with it; may be null.
  virtual void Finish(std::int32_t stream, const Status& status,
                      const SecretBytes* last) = 0;
};

class GrpcCall {
 public:
  GrpcCall(std::weak_ptr<GrpcAnswers> answers, std::int32_t stream,
           const Caller& caller, CallRoom::Place place)
      : answers_(std::move(answers)),
        stream_(stream),
        caller_(caller),
        place_(std::move(place)) {}
  ~GrpcCall() = default;
  GrpcCall(const GrpcCall&) = delete;
  GrpcCall& operator=(const GrpcCall&) = delete;

  const Caller& caller() const { return caller_; }

  void Listen(std::weak_ptr<GrpcCallListener> listener) {
    if (const auto to = answers_.lock()) {
      to->Listen(stream_, std::move(listener));
    }
  }

  // These go nowhere once the caller has left.
  void Send(const SecretBytes& message) {
    if (const auto to = answers_.lock()) to->Send(stream_, message);
  }

  // Once, and last. Makes room for another call before its caller hears of it.
  void Finish(const Status& status) { Finish(status, nullptr); }
  // The same for a call with one answer.
  void Answer(const SecretBytes& message) { Finish(OkStatus(), &message); }

 private:
  void Finish(const Status& status, const SecretBytes* last) {
    place_.reset();
    if (const auto to = answers_.lock()) to->Finish(stream_, status, last);
  }

  const std::weak_ptr<GrpcAnswers> answers_;
  const std::int32_t stream_;
  const Caller caller_;
  std::optional<CallRoom::Place> place_;
};

}  // namespace libretto
