#include "agent/grpc/grpc_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <asio/buffer.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

namespace libretto {
namespace {

// What is made at once; the rest waits where it is until this is sent.
constexpr std::size_t kEnoughBytes = std::size_t{64} << 10;
// Of a conversation: who asks on and on has to listen.
constexpr std::size_t kMaxUnheardBytes = std::size_t{256} << 10;
// A timer does not count suspended time: never trust it for longer.
constexpr std::chrono::seconds kMaxSleep{15};

// Wipes what was sent; what a large answer took is given back.
void Forget(std::string& sent) {
  constexpr std::size_t kKeptBytes = 4096;
  if (sent.capacity() > kKeptBytes) {
    std::string large;
    large.swap(sent);
    WipeString(large);
  } else {
    WipeString(sent);
  }
}

std::uint32_t GoawayCode(const Status& why) {
  if (why.ok()) return NGHTTP2_NO_ERROR;
  return why.code() == StatusCode::kInvalidArgument ? NGHTTP2_PROTOCOL_ERROR
                                                    : NGHTTP2_ENHANCE_YOUR_CALM;
}

}  // namespace

GrpcConnection::GrpcConnection(GrpcContext& context, const GrpcMethods& methods,
                               UniqueFd socket, const Caller& caller,
                               std::shared_ptr<CallRoom::Use> scope,
                               std::function<void()> ended)
    : context_(context),
      methods_(methods),
      socket_(context.io, socket.Release()),
      timer_(context.io),
      caller_(caller),
      ended_(std::move(ended)),
      share_(std::make_shared<CallRoom::Share>(
          CallRoom::Share{.scope = std::move(scope)})),
      guard_(context.limits.frames, context.clock.Now()),
      session_(*this),
      heard_(context.clock.Now()) {}

GrpcConnection::~GrpcConnection() { WipeString(unsent_); }

// What the server has to say first goes out with what it says next: the caller
// has sent its first request along, as a rule.
void GrpcConnection::Start() {
  Read();
  Rearm();
}

void GrpcConnection::Read() {
  socket_.async_read_some(
      asio::buffer(received_),
      [weak = weak_from_this()](const asio::error_code& error,
                                std::size_t count) {
        const auto self = weak.lock();
        if (self == nullptr || error == asio::error::operation_aborted) return;
        if (error) return self->End();
        self->OnRead(count);
      });
}

void GrpcConnection::OnRead(std::size_t count) {
  const std::string_view bytes(received_.data(), count);
  heard_ = context_.clock.Now();
  pinged_.reset();
  const Status verdict = guard_.FromClient(bytes, heard_);
  const bool understood = !verdict.ok() || session_.Receive(bytes);
  explicit_bzero(received_.data(), count);
  if (!verdict.ok()) return CutOff(verdict);
  if (!understood) return CutOff(Invalid("it does not speak HTTP/2"));
  Read();
  // An answer that comes in the same turn takes all the rest along.
  return std::exchange(served_, false) ? FlushLater() : Flush();
}

void GrpcConnection::FlushLater() {
  context_.loop.Post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Flush();
  });
}

// Ends the connection when nothing more is to come of it, so it comes last.
void GrpcConnection::Flush() {
  const std::uint64_t data_before = session_.data_frames();
  while (sent_ == unsent_.size()) {
    Forget(unsent_);
    sent_ = 0;
    if (!session_.Produce(unsent_, kEnoughBytes)) return End();
    if (unsent_.empty()) break;
    const Status verdict = guard_.FromServer(unsent_, context_.clock.Now());
    if (!Write()) return End();
    if (!verdict.ok()) return CutOff(verdict);
  }
  if (unsent_.empty() && session_.IsOver()) {
    if (session_.failed()) {
      context_.cut(caller_, Invalid("it breaks HTTP/2's rules"));
    }
    return End();
  }
  NoteProgress(session_.data_frames() > data_before);
  Rearm();
}

void GrpcConnection::NoteProgress(bool progress) {
  if (unsent_.empty() && !session_.AnswersWait()) {
    stalled_.reset();
  } else if (progress || !stalled_.has_value()) {
    stalled_ = context_.clock.Now();
  }
}

// Everything, or as much as the caller takes now. False: it is gone.
bool GrpcConnection::Write() {
  while (sent_ < unsent_.size()) {
    const ssize_t count =
        send(socket_.native_handle(), unsent_.data() + sent_,
             unsent_.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      sent_ += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      AwaitRoom();
      return true;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

void GrpcConnection::AwaitRoom() {
  socket_.async_wait(asio::posix::stream_descriptor::wait_write,
                     [weak = weak_from_this()](const asio::error_code& error) {
                       const auto self = weak.lock();
                       if (error || self == nullptr) return;
                       const std::size_t before = self->sent_;
                       if (!self->Write()) return self->End();
                       self->NoteProgress(self->sent_ > before);
                       self->Flush();
                     });
}

void GrpcConnection::OnCall(std::int32_t stream, std::string_view path) {
  const GrpcMethods::Method* const method = methods_.Find(path);
  if (method == nullptr) {
    return session_.Finish(stream, Status(StatusCode::kUnimplemented,
                                          "the agent does not know this call"));
  }
  calls_[stream].method = method;
}

bool GrpcConnection::OnRequest(std::int32_t stream, SecretBytes message) {
  const auto found = calls_.find(stream);
  if (found == calls_.end()) return false;
  OpenCall& call = found->second;
  if (const auto* const converse =
          std::get_if<GrpcMethods::Converse>(call.method)) {
    Converse(stream, *converse, message);
    return false;
  }
  if (call.request.has_value()) {
    Refuse(stream, Invalid("this call takes one request"));
    return false;
  }
  call.request = std::move(message);
  return true;
}

void GrpcConnection::OnRequestsEnd(std::int32_t stream) {
  const auto found = calls_.find(stream);
  if (found == calls_.end()) return;
  OpenCall& call = found->second;
  const auto* const serve = std::get_if<GrpcMethods::Serve>(call.method);
  if (serve == nullptr) return Refuse(stream, OkStatus());
  if (!call.request.has_value()) {
    return Refuse(stream, Invalid("there is no request"));
  }
  SecretBytes request = *std::move(call.request);
  Serve(stream, *serve, std::move(request));
}

void GrpcConnection::Converse(std::int32_t stream,
                              const GrpcMethods::Converse& converse,
                              const SecretBytes& request) {
  const StatusOr<SecretBytes> answer = converse(request);
  if (!answer.ok()) return Refuse(stream, answer.status());
  if (session_.HeldFor(stream) > kMaxUnheardBytes) {
    return Refuse(stream,
                  Throttled("answers are not read", std::chrono::seconds(1)));
  }
  session_.Send(stream, *answer);
}

void GrpcConnection::Serve(std::int32_t stream, const GrpcMethods::Serve& serve,
                           SecretBytes request) {
  StatusOr<CallRoom::Place> place = context_.room.Enter(share_);
  if (!place.ok()) return Refuse(stream, place.status());
  if (!std::exchange(looked_at_, true)) {
    caller_.process = context_.process_of(socket_.native_handle(), caller_.pid);
  }
  auto call = std::make_unique<GrpcCall>(weak_from_this(), stream, caller_,
                                         *std::move(place));
  served_ = true;
  context_.loop.Post(
      [&serve, call = std::move(call), request = std::move(request)]() mutable {
        serve(std::move(call), std::move(request));
      });
}

void GrpcConnection::Listen(std::int32_t stream,
                            std::weak_ptr<GrpcCallListener> listener) {
  const auto found = calls_.find(stream);
  if (found != calls_.end()) {
    found->second.listener = std::move(listener);
    return;
  }
  Cancel(listener);
}

void GrpcConnection::Send(std::int32_t stream, const SecretBytes& message) {
  session_.Send(stream, message);
  Flush();
}

void GrpcConnection::Finish(std::int32_t stream, const Status& status,
                            const SecretBytes* last) {
  calls_.erase(stream);
  if (last != nullptr) session_.Send(stream, *last);
  session_.Finish(stream, status);
  Flush();
}

// While the session receives; what it says goes out after that.
void GrpcConnection::Refuse(std::int32_t stream, const Status& status) {
  calls_.erase(stream);
  session_.Finish(stream, status);
}

void GrpcConnection::OnSent(std::int32_t stream) {
  const auto found = calls_.find(stream);
  if (found == calls_.end()) return;
  context_.loop.Post([weak = found->second.listener] {
    if (const auto listener = weak.lock()) listener->OnSent();
  });
}

void GrpcConnection::OnClosed(std::int32_t stream) {
  const auto call = calls_.extract(stream);
  if (!call.empty()) Cancel(call.mapped().listener);
}

bool GrpcConnection::OnHeld(std::ptrdiff_t more) {
  return context_.room.Hold(*share_, more);
}

void GrpcConnection::Cancel(const std::weak_ptr<GrpcCallListener>& listening) {
  context_.loop.Post([weak = listening] {
    if (const auto listener = weak.lock()) listener->OnCancelled();
  });
}

bool GrpcConnection::EndIdle() {
  if (!unsent_.empty() || !guard_.CanGo(context_.clock.Now())) return false;
  CutOff(OkStatus());
  return true;
}

void GrpcConnection::Drain() {
  session_.Goaway(NGHTTP2_NO_ERROR, "the agent stops");
  Flush();
}

// The timer is set anew only when something is due before it: a call that
// comes and goes whole sets none.
void GrpcConnection::Rearm() {
  TimePoint next = guard_.NextDeadline();
  if (stalled_.has_value()) {
    next = std::min(next, *stalled_ + context_.limits.frames.transfer);
  }
  if (guard_.streams() > 0) {
    next = std::min(next, pinged_.has_value()
                              ? *pinged_ + context_.limits.keepalive_timeout
                              : heard_ + context_.limits.keepalive);
  }
  if (next == TimePoint::max()) return;
  const TimePoint now = context_.clock.Now();
  next = std::min<TimePoint>(next, now + kMaxSleep);
  if (armed_for_.has_value() && *armed_for_ <= next) return;
  armed_for_ = next;
  timer_.expires_after(std::max<std::chrono::nanoseconds>(next - now, {}));
  timer_.async_wait([weak = weak_from_this()](const asio::error_code& error) {
    const auto self = weak.lock();
    if (!error && self != nullptr) self->OnTimer();
  });
}

void GrpcConnection::OnTimer() {
  armed_for_.reset();
  const TimePoint now = context_.clock.Now();
  const ConnectionLimits& limits = context_.limits;
  if (stalled_.has_value() && now >= *stalled_ + limits.frames.transfer) {
    return CutOff(TooSlow("answers are not read"));
  }
  if (Status late = guard_.CheckTime(now); !late.ok()) return CutOff(late);
  if (unsent_.empty() && guard_.Idle(now)) return CutOff(OkStatus());
  if (guard_.streams() > 0 && now >= heard_ + limits.keepalive) {
    // However long ago: the machine may have slept.
    if (!pinged_.has_value()) {
      pinged_ = now;
      session_.Ping();
    } else if (now >= *pinged_ + limits.keepalive_timeout) {
      return CutOff(TooSlow("nothing is heard of it"));
    }
  }
  Flush();
}

// `why` is OK for a connection without calls, which is no offence.
void GrpcConnection::CutOff(const Status& why) {
  if (sent_ == unsent_.size()) {
    Forget(unsent_);
    session_.Goaway(GoawayCode(why),
                    why.ok() ? "no call for too long" : Message(why));
    // A courtesy: who does not read does not get it.
    if (session_.Produce(unsent_, kEnoughBytes)) {
      (void)send(socket_.native_handle(), unsent_.data(), unsent_.size(),
                 MSG_DONTWAIT | MSG_NOSIGNAL);
    }
  }
  if (!why.ok()) context_.cut(caller_, why);
  End();
}

void GrpcConnection::End() {
  if (!socket_.is_open()) return;
  socket_.close();
  timer_.cancel();
  for (const auto& [stream, call] : std::exchange(calls_, {})) {
    Cancel(call.listener);
  }
  // `this` may be gone after it, unless whoever called holds it.
  std::exchange(ended_, nullptr)();
}

}  // namespace libretto
