// EventStream: the common part of the streaming calls. Events go out one after
// the other as fast as the client reads; the end comes after the last of them.
//
// Loop thread only, but for the constructor and gRPC's own callbacks, which
// post. Deletes itself when gRPC is done with it.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "agent/rpc/call.h"

namespace libretto {

template <typename Event>
class EventStream : public grpc::ServerWriteReactor<Event> {
 public:
  EventStream(CallContext& context, grpc::CallbackServerContext& server_context)
      : context_(context),
        server_context_(server_context),
        peer_(server_context.peer()) {}

  // Runs `serve(profile)` on the loop, or ends the stream at once when there is
  // no room for it. Any thread.
  template <typename Request, typename Serve>
  void Begin(const Request& request, Needs needs, Serve serve) {
    const auto caller = context_.peers.BeginCall(peer_);
    if (!caller.ok()) {
      this->Finish(ToGrpc(server_context_, caller.status()));
      return;
    }
    context_.loop.Post(
        [this, &request, needs, serve = std::move(serve)]() mutable {
          const StatusOr<Profile*> profile =
              FindProfile(context_.profiles, request.context(), needs, owned_);
          if (!profile.ok()) return Complete(profile.status());
          serve(**profile);
        });
  }

  void OnWriteDone(bool /*ok*/) override {
    // Whether the client is still there shows in OnCancel().
    context_.loop.Post([this] {
      writing_ = false;
      Continue();
    });
  }
  void OnCancel() override {
    context_.loop.Post([this] { Left(); });
  }
  void OnDone() override {
    context_.loop.Post([this] { delete this; });
  }

 protected:
  ~EventStream() override = default;

  // The caller has left; whatever is still under way should end soon.
  virtual void Left() {}

  void Push(Event event) {
    waiting_.push_back(std::move(event));
    Continue();
  }
  // As Push(), in place of what has not gone out yet.
  void PushLatest(Event event) {
    waiting_.clear();
    Push(std::move(event));
  }
  // As Push(), in place of an event that has not gone out yet and is the same
  // as this one by `is_same`.
  template <typename IsSame>
  void PushInPlaceOf(Event event, IsSame is_same) {
    std::erase_if(waiting_, [&](const Event& waiting) {
      return is_same(waiting, event);
    });
    Push(std::move(event));
  }
  // Once; nothing is pushed after it.
  void Complete(const Status& status) {
    if (!outcome_.has_value()) outcome_ = status;
    Continue();
  }
  bool complete() const { return outcome_.has_value(); }

 private:
  void Continue() {
    if (writing_ || finished_) return;
    if (!waiting_.empty()) {
      sending_ = std::move(waiting_.front());
      waiting_.pop_front();
      writing_ = true;
      this->StartWrite(&sending_);
    } else if (outcome_.has_value()) {
      finished_ = true;
      context_.peers.EndCall(peer_);
      this->Finish(ToGrpc(server_context_, *outcome_));
    }
  }

  CallContext& context_;
  grpc::CallbackServerContext& server_context_;
  const std::string peer_;
  std::unique_ptr<Profile> owned_;
  std::deque<Event> waiting_;
  Event sending_;
  bool writing_ = false;
  bool finished_ = false;
  std::optional<Status> outcome_;
};

}  // namespace libretto
