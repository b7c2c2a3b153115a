// GrpcSession: the server's side of gRPC over HTTP/2 on one connection, without
// the connection. Bytes go in and calls come out; answers go in and bytes come
// out. HTTP/2 itself is nghttp2's; what is here is which headers make a call
// (gRPC over HTTP2), and messages.
//
// Values never rest in nghttp2's buffers: a message is in its SecretBytes until
// Produce() copies it to where it is sent from.
//
// Not thread-safe.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "agent/grpc/grpc_status.h"
#include "base/errors.h"
#include "base/secret.h"

namespace libretto {

class GrpcSession {
 public:
  // A value of 64 KiB has to fit.
  static constexpr std::size_t kMaxMessageBytes = std::size_t{128} << 10;
  static constexpr std::uint32_t kMaxStreams = 32;

  // What happens to streams, in this order. The session may be told to send and
  // to finish meanwhile, but neither to receive nor to produce.
  class Events {
   public:
    virtual ~Events() = default;
    virtual void OnCall(std::int32_t stream, std::string_view path) = 0;
    // Whether the message is kept: it counts as held until the requests end.
    virtual bool OnRequest(std::int32_t stream, SecretBytes message) = 0;
    virtual void OnRequestsEnd(std::int32_t stream) = 0;
    // All messages of the stream have been produced. Not the last ones of a
    // stream that is finished already.
    virtual void OnSent(std::int32_t stream) = 0;
    // Answered to the end, or given up by the client.
    virtual void OnClosed(std::int32_t stream) = 0;
    // Requests and answers take so many bytes more (or less) from now on.
    // False: that is too much, and the call is ended.
    virtual bool OnHeld(std::ptrdiff_t more) = 0;
  };

  // `events` outlives this.
  explicit GrpcSession(Events& events);
  ~GrpcSession();
  GrpcSession(const GrpcSession&) = delete;
  GrpcSession& operator=(const GrpcSession&) = delete;

  // What comes from the client. False: this is no HTTP/2 any more.
  bool Receive(std::string_view bytes);

  // Appends what there is to send, whole frames, until `out` has `enough` bytes
  // or one frame more. False: the connection is of no more use.
  bool Produce(std::string& out, std::size_t enough);
  // Nothing will be received or produced any more.
  bool IsOver() const;
  // nghttp2 has found that the client breaks HTTP/2's rules, and has said so.
  bool failed() const { return failed_; }

  // The end of an answer cannot be produced before the client makes room.
  bool AnswersWait() const;
  // How many DATA frames have been produced so far.
  std::uint64_t data_frames() const { return data_frames_; }
  // Bytes of requests and answers that are held for the stream.
  std::size_t HeldFor(std::int32_t stream) const;

  // Both do nothing for a stream that is closed or finished.
  void Send(std::int32_t stream, const SecretBytes& message);
  void Finish(std::int32_t stream, const Status& status);

  void Ping();
  // Takes no more calls; `why` is for the people at the other end, whose
  // clients show it.
  void Goaway(std::uint32_t error, std::string_view why);

 private:
  struct Stream;

  static GrpcSession& Self(void* user_data);
  static const nghttp2_session_callbacks* Callbacks();
  static const nghttp2_session_callbacks* MakeCallbacks();
  static ssize_t ReadAnswer(nghttp2_session* session, std::int32_t id,
                            std::uint8_t* buffer, std::size_t capacity,
                            std::uint32_t* flags, nghttp2_data_source* source,
                            void* user_data);

  Stream* Find(std::int32_t id);
  bool Hold(Stream& stream, std::ptrdiff_t more);
  void OnHeadersBegin(std::int32_t id);
  void OnHeader(std::int32_t id, std::string_view name, std::string_view value);
  void OnFrame(const nghttp2_frame& frame);
  void OnFrameSent(const nghttp2_frame& frame);
  void OnHeadersEnd(Stream& stream);
  void OnData(std::int32_t id, std::string_view bytes);
  void OnRequestsEnd(Stream& stream);
  void OnClosed(std::int32_t id);
  void Answer(Stream& stream);
  void AnswerWithStatusAlone(Stream& stream);
  void SubmitTrailers(const Stream& stream);
  ssize_t NextData(Stream& stream, std::size_t capacity, std::uint32_t& flags);
  int AppendData(std::int32_t id, std::string_view frame_header,
                 std::size_t size);

  Events& events_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Stream> streams_;
  bool failed_ = false;
  std::uint64_t data_frames_ = 0;
  std::string* out_ = nullptr;  // while it produces
  std::size_t enough_ = 0;
};

}  // namespace libretto
