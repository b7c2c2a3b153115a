// EventStream: the common part of the streaming calls. Events go out one after
// the other as fast as the client reads; the end comes after the last of them.
// When the scope ends that the call came through, so does the stream, and what
// has not gone out yet stays here.
//
// Loop thread only. Lives until its call has ended.
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
class EventStream : public GrpcCallListener,
                    public std::enable_shared_from_this<EventStream<Event>>,
                    private ScopeUser {
 public:
  EventStream(CallContext& context, std::unique_ptr<GrpcCall> wire,
              FixedText method)
      : context_(context),
        wire_(std::move(wire)),
        method_(method),
        began_(std::chrono::steady_clock::now()) {}
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  void OnSent() override {
    sending_ = false;
    Continue();
  }
  void OnCancelled() override {
    cancelled_ = true;
    sending_ = false;
    waiting_.clear();
    GiveUp(CallerLeft());
    Continue();
  }

 protected:
  // Runs `serve(profile)`, or ends the stream with why it may not.
  template <typename Request, typename Serve>
  void Begin(const Request& request, Needs needs, Serve serve) {
    self_ = this->shared_from_this();
    wire_->Listen(self_);
    const StatusOr<const Scope*> scope =
        PassGate(context_.scopes, caller(), method_, request);
    if (!scope.ok()) return Complete(scope.status());
    const StatusOr<Profile*> profile = FindProfile(
        context_.profiles, *scope, request.context(), needs, owned_);
    if (!profile.ok()) return Complete(profile.status());
    if (*scope != nullptr) {
      scope_ = caller().scope;
      context_.scopes.Join(scope_, *this);
    }
    serve(**profile);
  }

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

  const Caller& caller() const { return wire_->caller(); }

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
    if (sending_ || self_ == nullptr) return;
    if (cancelled_) waiting_.clear();
    if (!waiting_.empty()) {
      const Event event = std::move(waiting_.front());
      waiting_.pop_front();
      sending_ = true;
      // Before it goes out, as a call is recorded before its answer.
      if (auto name = Delivers(event)) Log(*std::move(name), OkStatus());
      wire_->Send(Serialized(event));
    } else if (outcome_.has_value()) {
      Log(/*name=*/"", *outcome_);
      // Whoever has called this may still need it.
      context_.loop.Post([self = std::move(self_)] {});
      wire_->Finish(*outcome_);
    }
  }

  void Log(std::string name, const Status& status) {
    context_.log({caller(), method_, std::move(name), status,
                  std::chrono::duration_cast<std::chrono::microseconds>(
                      std::chrono::steady_clock::now() - began_)});
  }

  CallContext& context_;
  const std::unique_ptr<GrpcCall> wire_;
  const FixedText method_;
  const std::chrono::steady_clock::time_point began_;
  ScopeId scope_ = 0;
  std::unique_ptr<Profile> owned_;
  std::deque<Event> waiting_;
  bool sending_ = false;
  bool cancelled_ = false;
  std::optional<Status> outcome_;
  std::shared_ptr<EventStream> self_;  // until it has ended
};

// Has a `Stream`, whose Start() takes the request, answer the calls of `path`.
template <typename Stream, typename Request>
void AddStream(GrpcMethods& methods, const std::string& path,
               CallContext& context) {
  methods.Add(path, [&context](std::unique_ptr<GrpcCall> wire,
                               const SecretBytes& bytes) {
    Request request;
    if (!Parse(bytes, request)) {
      return wire->Finish(Invalid("the request cannot be parsed"));
    }
    std::make_shared<Stream>(context, std::move(wire))->Start(request);
  });
}

}  // namespace libretto
