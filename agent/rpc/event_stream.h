// EventStream: the common part of the streaming calls. Events go out one after
// the other as fast as the client reads; the end comes after the last of them.
// When the scope ends that the call came through, so does the stream, and what
// has not gone out yet stays here.
//
// Loop thread only, but for the constructor and gRPC's own callbacks, which
// post. Deletes itself when gRPC is done with it.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/rpc/call.h"

namespace libretto {

template <typename Event>
class EventStream : public grpc::ServerWriteReactor<Event>, private ScopeUser {
 public:
  EventStream(CallContext& context, grpc::CallbackServerContext& server_context)
      : context_(context),
        server_context_(server_context),
        peer_(server_context.peer()),
        began_(std::chrono::steady_clock::now()) {}
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

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
          const StatusOr<const Scope*> scope =
              PassGate(context_.scopes, caller_, method_, request);
          if (!scope.ok()) return Complete(scope.status());
          const StatusOr<Profile*> profile = FindProfile(
              context_.profiles, *scope, request.context(), needs, owned_);
          if (!profile.ok()) return Complete(profile.status());
          if (*scope != nullptr) {
            scope_ = caller_.scope;
            context_.scopes.Join(scope_, *this);
          }
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
    context_.loop.Post([this] { GiveUp(CallerLeft()); });
  }
  void OnDone() override {
    context_.loop.Post([this] { delete this; });
  }

 protected:
  ~EventStream() override {
    if (scope_ != 0) context_.scopes.Leave(scope_, *this);
  }

  // Nobody wants any more: what is still under way ends soon, and the stream
  // with `why`.
  virtual void GiveUp(const Status& /*why*/) {}

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
  // Whether it acts by an API key of the caller's own.
  bool is_for_one_call() const { return owned_ != nullptr; }

 private:
  void OnScopeEnded(const Status& why) override {
    GiveUp(why);
    waiting_.clear();
    Continue();
  }

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
  ScopeId scope_ = 0;
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
