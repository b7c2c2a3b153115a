#include "agent/grpc/grpc_session.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/grpc_message.h"
#include "base/octets.h"

namespace libretto {
namespace {

constexpr std::uint32_t kMaxHeaderBytes = 16 * 1024;
// A whole request fits.
constexpr std::int32_t kWindowBytes = 256 * 1024;
// What HPACK counts for a header besides its text (RFC 7541, 4.1).
constexpr std::size_t kHeaderOverhead = 32;

nghttp2_nv Header(std::string_view name, std::string_view value) {
  return {AsOctets(name), AsOctets(value), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

void AddTo(std::vector<nghttp2_nv>& headers, const HeaderFields& fields) {
  for (const auto& [name, value] : fields) {
    headers.push_back(Header(name, value));
  }
}

std::ptrdiff_t Signed(std::size_t size) {
  return static_cast<std::ptrdiff_t>(size);
}

Status TooMuch() {
  return Throttled("the agent holds too much for callers already",
                   std::chrono::seconds(1));
}

}  // namespace

struct GrpcSession::Stream {
  explicit Stream(std::int32_t number) : id(number) {}

  struct Message {
    SecretBytes bytes;
    std::size_t sent = 0;
  };

  const std::int32_t id;
  std::size_t header_bytes = 0;
  // Until the headers have ended.
  std::string path;
  std::string content_type;
  std::string encoding;
  bool may_be_compressed = false;
  GrpcMessageReader reader{kMaxMessageBytes};
  bool requests_ended = false;
  bool answering = false;  // its first headers have been submitted
  std::deque<Message> unsent;
  std::optional<Status> outcome;
  std::ptrdiff_t held = 0;  // bytes of requests and answers
  std::ptrdiff_t kept = 0;  // of them: of requests that are whole
};

GrpcSession::GrpcSession(Events& events) : events_(events) {
  nghttp2_option* option = nullptr;
  LIBRETTO_CHECK(nghttp2_option_new(&option) == 0);
  // Kept for priorities, which nobody uses.
  nghttp2_option_set_no_closed_streams(option, 1);
  LIBRETTO_CHECK(
      nghttp2_session_server_new2(&session_, Callbacks(), this, option) == 0);
  nghttp2_option_del(option);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kMaxStreams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowBytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kMaxHeaderBytes},
  };
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings,
                          std::size(settings));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        kWindowBytes);
}

GrpcSession::~GrpcSession() {
  for (auto& [id, stream] : streams_) Hold(stream, -stream.held);
  nghttp2_session_del(session_);
}

bool GrpcSession::Receive(std::string_view bytes) {
  return nghttp2_session_mem_recv(session_, AsOctets(bytes), bytes.size()) >= 0;
}

bool GrpcSession::Produce(std::string& out, std::size_t enough) {
  out_ = &out;
  enough_ = enough;
  ssize_t size = 1;
  while (size > 0 && out.size() < enough) {
    const std::uint8_t* data = nullptr;
    size = nghttp2_session_mem_send(session_, &data);
    if (size > 0) out += AsText(data, static_cast<std::size_t>(size));
  }
  out_ = nullptr;
  return size >= 0;
}

bool GrpcSession::IsOver() const {
  return nghttp2_session_want_read(session_) == 0 &&
         nghttp2_session_want_write(session_) == 0;
}

void GrpcSession::Send(std::int32_t id, const SecretBytes& message) {
  Stream* const stream = Find(id);
  if (stream == nullptr || stream->outcome.has_value()) return;
  stream->unsent.push_back({WithGrpcPrefix(message.Reveal())});
  if (!Hold(*stream, Signed(stream->unsent.back().bytes.size()))) {
    Hold(*stream, -Signed(stream->unsent.back().bytes.size()));
    stream->unsent.pop_back();
    return Finish(id, TooMuch());
  }
  Answer(*stream);
}

void GrpcSession::Finish(std::int32_t id, const Status& status) {
  Stream* const stream = Find(id);
  if (stream == nullptr || stream->outcome.has_value()) return;
  stream->outcome = status;
  if (stream->answering) {
    // The trailers go by way of NextData(): not before a window is open.
    nghttp2_session_resume_data(session_, id);
  } else {
    AnswerWithStatusAlone(*stream);
  }
}

void GrpcSession::Ping() {
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
}

void GrpcSession::Goaway(std::uint32_t error, std::string_view why) {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_),
                        error, AsOctets(why), why.size());
}

GrpcSession::Stream* GrpcSession::Find(std::int32_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

bool GrpcSession::Hold(Stream& stream, std::ptrdiff_t more) {
  stream.held += more;
  return events_.OnHeld(more);
}

void GrpcSession::OnHeadersBegin(std::int32_t id) {
  streams_.try_emplace(id, id);
}

void GrpcSession::OnHeader(std::int32_t id, std::string_view name,
                           std::string_view value) {
  Stream* const stream = Find(id);
  if (stream == nullptr) return;
  stream->header_bytes += name.size() + value.size() + kHeaderOverhead;
  if (stream->header_bytes > kMaxHeaderBytes) return;
  if (name == ":path") stream->path = value;
  if (name == "content-type") stream->content_type = value;
  if (name == "grpc-encoding") stream->encoding = value;
}

void GrpcSession::OnFrame(const nghttp2_frame& frame) {
  Stream* const stream = Find(frame.hd.stream_id);
  if (stream == nullptr) return;
  const bool request = frame.hd.type == NGHTTP2_HEADERS &&
                       frame.headers.cat == NGHTTP2_HCAT_REQUEST;
  if (request) OnHeadersEnd(*stream);
  if ((frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA) &&
      (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
    OnRequestsEnd(*stream);
  }
}

bool GrpcSession::AnswersWait() const {
  return std::any_of(streams_.begin(), streams_.end(), [](const auto& entry) {
    return entry.second.outcome.has_value() && !entry.second.unsent.empty();
  });
}

std::size_t GrpcSession::HeldFor(std::int32_t id) const {
  const auto found = streams_.find(id);
  return found == streams_.end() ? 0
                                 : static_cast<std::size_t>(found->second.held);
}

// RFC 9113, 8.1: who is answered before the request has ended need not go on.
void GrpcSession::OnFrameSent(const nghttp2_frame& frame) {
  failed_ = failed_ || (frame.hd.type == NGHTTP2_GOAWAY &&
                        frame.goaway.error_code != NGHTTP2_NO_ERROR);
  const Stream* const stream = Find(frame.hd.stream_id);
  if (stream == nullptr || stream->requests_ended ||
      frame.hd.type != NGHTTP2_HEADERS ||
      (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
    return;
  }
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream->id,
                            NGHTTP2_NO_ERROR);
}

void GrpcSession::OnHeadersEnd(Stream& stream) {
  const std::string path = std::exchange(stream.path, {});
  const std::string type = std::exchange(stream.content_type, {});
  const std::string encoding = std::exchange(stream.encoding, {});
  if (stream.header_bytes > kMaxHeaderBytes) {
    return Finish(stream.id, Throttled("there are too many headers",
                                       std::chrono::seconds(0)));
  }
  if (!IsGrpcContentType(type)) {
    const nghttp2_nv headers[] = {Header(":status", "415")};
    stream.outcome = Invalid("it is no gRPC");
    nghttp2_submit_response(session_, stream.id, headers, std::size(headers),
                            nullptr);
    return;
  }
  events_.OnCall(stream.id, path);
  stream.may_be_compressed = !encoding.empty() && encoding != "identity";
  if (stream.may_be_compressed) {
    Finish(stream.id, Status(StatusCode::kUnimplemented,
                             "the agent takes no compressed messages"));
  }
}

void GrpcSession::OnData(std::int32_t id, std::string_view bytes) {
  Stream* const found = Find(id);
  if (found == nullptr) return;
  Stream& stream = *found;
  // To the end of the bytes, or of a message that has no more of them.
  while (!bytes.empty() && !stream.outcome.has_value()) {
    const std::size_t before = bytes.size();
    switch (stream.reader.Read(bytes)) {
      case GrpcMessageReader::Problem::kNone:
        break;
      case GrpcMessageReader::Problem::kCompressed:
        return Finish(id,
                      Internal("a message is compressed without a header that "
                               "says how"));
      case GrpcMessageReader::Problem::kTooLarge:
        return Finish(
            id, Throttled("a message is too large", std::chrono::seconds(0)));
    }
    if (!Hold(stream, Signed(before - bytes.size()))) {
      return Finish(id, TooMuch());
    }
    if (std::optional<SecretBytes> message = stream.reader.TakeMessage()) {
      const std::ptrdiff_t size = Signed(kGrpcPrefixBytes + message->size());
      Hold(stream, -size);
      if (events_.OnRequest(id, *std::move(message))) {
        stream.kept += size;
        Hold(stream, size);
      }
    }
  }
}

void GrpcSession::OnRequestsEnd(Stream& stream) {
  stream.requests_ended = true;
  Hold(stream, -std::exchange(stream.kept, 0));
  if (stream.outcome.has_value()) return;
  if (stream.reader.within_message()) {
    return Finish(stream.id, Invalid("the request ends within a message"));
  }
  events_.OnRequestsEnd(stream.id);
}

void GrpcSession::OnClosed(std::int32_t id) {
  Stream* const stream = Find(id);
  if (stream == nullptr) return;
  Hold(*stream, -stream->held);
  events_.OnClosed(id);
  streams_.erase(id);
}

void GrpcSession::Answer(Stream& stream) {
  if (stream.answering) {
    nghttp2_session_resume_data(session_, stream.id);
    return;
  }
  stream.answering = true;
  const nghttp2_nv headers[] = {Header(":status", "200"),
                                Header("content-type", kGrpcContentType)};
  nghttp2_data_provider data{};
  data.read_callback = ReadAnswer;
  nghttp2_submit_response(session_, stream.id, headers, std::size(headers),
                          &data);
}

void GrpcSession::AnswerWithStatusAlone(Stream& stream) {
  stream.answering = true;
  const HeaderFields trailers = TrailersOf(*stream.outcome);
  std::vector<nghttp2_nv> headers = {Header(":status", "200"),
                                     Header("content-type", kGrpcContentType)};
  if (stream.may_be_compressed) {
    headers.push_back(Header("grpc-accept-encoding", "identity"));
  }
  AddTo(headers, trailers);
  nghttp2_submit_response(session_, stream.id, headers.data(), headers.size(),
                          nullptr);
}

void GrpcSession::SubmitTrailers(const Stream& stream) {
  const HeaderFields fields = TrailersOf(*stream.outcome);
  std::vector<nghttp2_nv> trailers;
  AddTo(trailers, fields);
  nghttp2_submit_trailer(session_, stream.id, trailers.data(), trailers.size());
}

// What the next DATA frame has, which AppendData() then writes.
ssize_t GrpcSession::NextData(Stream& stream, std::size_t capacity,
                              std::uint32_t& flags) {
  std::size_t size = 0;
  bool last = stream.unsent.empty();
  if (!last) {
    const Stream::Message& message = stream.unsent.front();
    size = std::min(capacity, message.bytes.size() - message.sent);
    last = stream.unsent.size() == 1 &&
           message.sent + size == message.bytes.size();
  }
  if (size == 0 && !stream.outcome.has_value()) return NGHTTP2_ERR_DEFERRED;
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (last && stream.outcome.has_value()) {
    flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    SubmitTrailers(stream);
  }
  return static_cast<ssize_t>(size);
}

int GrpcSession::AppendData(std::int32_t id, std::string_view frame_header,
                            std::size_t size) {
  ++data_frames_;
  *out_ += frame_header;
  Stream& stream = *Find(id);
  Stream::Message& message = stream.unsent.front();
  *out_ += message.bytes.Reveal().substr(message.sent, size);
  message.sent += size;
  if (message.sent == message.bytes.size()) {
    Hold(stream, -Signed(message.bytes.size()));
    stream.unsent.pop_front();
    if (stream.unsent.empty() && !stream.outcome.has_value()) {
      events_.OnSent(stream.id);
    }
  }
  // Otherwise nghttp2 goes on as long as windows allow.
  return out_->size() < enough_ ? 0 : NGHTTP2_ERR_PAUSE;
}

ssize_t GrpcSession::ReadAnswer(nghttp2_session* /*session*/, std::int32_t id,
                                std::uint8_t* /*buffer*/, std::size_t capacity,
                                std::uint32_t* flags,
                                nghttp2_data_source* /*source*/,
                                void* user_data) {
  GrpcSession& self = Self(user_data);
  return self.NextData(*self.Find(id), capacity, *flags);
}

}  // namespace libretto
