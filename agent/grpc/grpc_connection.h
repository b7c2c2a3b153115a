// GrpcConnection: one caller's connection, from its first byte on. It reads and
// writes the socket, has FrameGuard look at every frame in both directions,
// serves calls through GrpcSession, and ends by itself: when the caller leaves,
// when FrameGuard says so, when answers are not read or nothing is heard.
//
// What it holds is bounded and wiped as soon as it is passed on.
//
// Loop thread only. Held by GrpcConnections; what waits for it holds it weakly.
#pragma once

#include <array>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/core/caller.h"
#include "agent/core/executor.h"
#include "agent/grpc/call_room.h"
#include "agent/grpc/frame_guard.h"
#include "agent/grpc/grpc_call.h"
#include "agent/grpc/grpc_methods.h"
#include "agent/grpc/grpc_session.h"
#include "base/clock.h"
#include "base/unique_fd.h"

namespace libretto {

struct ConnectionLimits {
  FrameLimits frames;
  // A caller with a call in flight from whom nothing is heard for so long is
  // asked whether it is there, and has so long to answer.
  std::chrono::milliseconds keepalive{60'000};
  std::chrono::milliseconds keepalive_timeout{10'000};
};

// What connections share; outlives them.
struct GrpcContext {
  asio::io_context& io;
  Executor& loop;
  const Clock& clock;
  const ConnectionLimits limits;
  CallRoom& room;
  // Who is behind a connection. Asked once for those alone who call: the look
  // costs more than all the rest of a connection.
  std::function<CallerProcess(int connection, pid_t pid)> process_of;
  // A caller was cut off, and why; not for one that was idle or left.
  std::function<void(const Caller&, const Status& why)> cut;
};

class GrpcConnection final
    : public GrpcAnswers,
      public std::enable_shared_from_this<GrpcConnection>,
      private GrpcSession::Events {
 public:
  // `ended` is called once, last thing, and then drops the connection.
  GrpcConnection(GrpcContext& context, const GrpcMethods& methods,
                 UniqueFd socket, const Caller& caller,
                 std::shared_ptr<CallRoom::Use> scope,
                 std::function<void()> ended);
  ~GrpcConnection() override;
  GrpcConnection(const GrpcConnection&) = delete;
  GrpcConnection& operator=(const GrpcConnection&) = delete;

  void Start();

  // Says goodbye when it has done nothing for a while; false when it does
  // something.
  bool EndIdle();
  // Says that it takes no more calls, and ends when those in flight have.
  void Drain();
  // Ends now; calls in flight are cancelled.
  void End();

  void Listen(std::int32_t stream,
              std::weak_ptr<GrpcCallListener> listener) override;
  void Send(std::int32_t stream, const SecretBytes& message) override;
  void Finish(std::int32_t stream, const Status& status,
              const SecretBytes* last) override;

 private:
  struct OpenCall {
    const GrpcMethods::Method* method = nullptr;
    std::optional<SecretBytes> request;
    std::weak_ptr<GrpcCallListener> listener;
  };

  void OnCall(std::int32_t stream, std::string_view path) override;
  bool OnRequest(std::int32_t stream, SecretBytes message) override;
  void OnRequestsEnd(std::int32_t stream) override;
  void OnSent(std::int32_t stream) override;
  void OnClosed(std::int32_t stream) override;
  bool OnHeld(std::ptrdiff_t more) override;
  void Refuse(std::int32_t stream, const Status& status);
  void Serve(std::int32_t stream, const GrpcMethods::Serve& serve,
             SecretBytes request);
  void Converse(std::int32_t stream, const GrpcMethods::Converse& converse,
                const SecretBytes& request);

  void Read();
  void OnRead(std::size_t count);
  void Flush();
  void FlushLater();
  bool Write();
  void AwaitRoom();
  void NoteProgress(bool progress);
  void Rearm();
  void OnTimer();
  void CutOff(const Status& why);
  void Cancel(const std::weak_ptr<GrpcCallListener>& listener);

  GrpcContext& context_;
  const GrpcMethods& methods_;
  asio::posix::stream_descriptor socket_;
  asio::steady_timer timer_;
  std::optional<TimePoint> armed_for_;
  Caller caller_;  // its process: from its first call on
  bool looked_at_ = false;
  std::function<void()> ended_;
  const std::shared_ptr<CallRoom::Share> share_;
  FrameGuard guard_;
  GrpcSession session_;
  std::map<std::int32_t, OpenCall> calls_;
  bool served_ = false;              // a call has begun in this turn
  TimePoint heard_;                  // when the last bytes came
  std::optional<TimePoint> pinged_;  // since then

  std::array<char, 16'384> received_;
  std::string unsent_;
  std::size_t sent_ = 0;  // of it
  // Since when the caller has taken nothing of what is unsent, or of an answer
  // that waits for its window.
  std::optional<TimePoint> stalled_;
};

}  // namespace libretto
