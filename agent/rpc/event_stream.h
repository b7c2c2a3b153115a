// EventStream: the common part of the streaming calls. Events go out one after
// the other as fast as the client reads; the end comes after the last of them.
//
// Loop thread only, but for the constructor and gRPC's own callbacks, which
// post. Deletes itself when gRPC is done with it.
#pragma once

#include <chrono>
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
        peer_(server_context.peer()),
        began_(std::chrono::steady_clock::now()) {}

  // Runs `serve(profile)` on the loop, or ends the stream at once when there is
  // no room for it. Any thread.
  template <typename Request, typename Serve>
  void Begin(FixedText method, const Request& request, Needs needs,
             Serve serve) {
    method_ = method;
    StatusOr<Caller> caller = context_.peers.BeginCall(peer_);
    if (!caller.ok()) {
      this->Finish(ToGrpc(server_context_, caller.status()));
      return;
    }
    caller_ = *std::move(caller);
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

  // The credential whose value `event` carries, if it does.
  virtual std::optional<std::string> Delivers(const Event& /*event*/) const {
    return std::nullopt;
  }

  const Caller& caller() const { return caller_; }

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
  // Nobody hears it any more, but for the log.
  static Status CallerLeft() {
    return Status(StatusCode::kCancelled, "the caller has left");
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
      // Before it goes out, as a call is recorded before its answer.
      if (auto name = Delivers(sending_)) Log(*std::move(name), OkStatus());
      this->StartWrite(&sending_);
    } else if (outcome_.has_value()) {
      finished_ = true;
      context_.peers.EndCall(peer_);
      Log(/*name=*/"", *outcome_);
      this->Finish(ToGrpc(server_context_, *outcome_));
    }
  }

  void Log(std::string name, const Status& status) {
    context_.log({caller_, method_, std::move(name), status,
                  std::chrono::duration_cast<std::chrono::microseconds>(
                      std::chrono::steady_clock::now() - began_)});
  }

  CallContext& context_;
  grpc::CallbackServerContext& server_context_;
  const std::string peer_;
  FixedText method_;
  const std::chrono::steady_clock::time_point began_;
  Caller caller_;
  std::unique_ptr<Profile> owned_;
  std::deque<Event> waiting_;
  Event sending_;
  bool writing_ = false;
  bool finished_ = false;
  std::optional<Status> outcome_;
};

}  // namespace libretto
