// The first byte says in what pieces the client's bytes come. Whatever they
// are: what is held is counted right and given back, each call begins and ends
// once, and no message is longer than it may be.
#include "agent/grpc/grpc_session.h"

#include <set>
#include <string>
#include <utility>

#include "base/check.h"
#include "tests/fuzz/input.h"

namespace {

using libretto::GrpcSession;
using libretto::SecretBytes;

// Sends each request back, and ends with the requests.
class Echo final : public GrpcSession::Events {
 public:
  void OnCall(std::int32_t stream, std::string_view path) override {
    LIBRETTO_CHECK(open_.insert(stream).second);
    LIBRETTO_CHECK(stream > last_);
    last_ = stream;
    if (path.empty()) Finish(stream, libretto::Invalid("no path"));
  }
  bool OnRequest(std::int32_t stream, SecretBytes message) override {
    LIBRETTO_CHECK(message.size() <= GrpcSession::kMaxMessageBytes);
    session->Send(stream, message);
    return message.size() % 2 == 0;
  }
  void OnRequestsEnd(std::int32_t stream) override {
    Finish(stream, libretto::OkStatus());
  }
  void OnSent(std::int32_t stream) override {
    LIBRETTO_CHECK(open_.count(stream) == 1);
  }
  void OnClosed(std::int32_t stream) override { open_.erase(stream); }
  bool OnHeld(std::ptrdiff_t more) override {
    held += more;
    LIBRETTO_CHECK(held >= 0);
    return held <= kMaxHeld;
  }

  GrpcSession* session = nullptr;
  std::ptrdiff_t held = 0;

 private:
  static constexpr std::ptrdiff_t kMaxHeld = std::ptrdiff_t{64} << 10;

  void Finish(std::int32_t stream, const libretto::Status& status) {
    session->Finish(stream, status);
    open_.erase(stream);
  }

  std::set<std::int32_t> open_;
  std::int32_t last_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = libretto::testing::Text(data, size);
  if (text.empty()) return 0;
  const std::size_t step = 1 + static_cast<unsigned char>(text[0]);
  text.remove_prefix(1);
  // Every input is past the preface, or hardly any would be.
  const std::string bytes =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(text);
  constexpr std::size_t kEnough = 4096;
  Echo echo;
  {
    GrpcSession session(echo);
    echo.session = &session;
    for (std::size_t i = 0; i < bytes.size(); i += step) {
      if (!session.Receive(std::string_view(bytes).substr(i, step))) break;
      std::string out;
      do {
        out.clear();
        if (!session.Produce(out, kEnough)) return 0;
        // A frame more than enough, and its header.
        LIBRETTO_CHECK(out.size() <= kEnough + (std::size_t{16} << 10) + 9);
      } while (!out.empty());
      if (session.IsOver()) break;
    }
  }
  LIBRETTO_CHECK(echo.held == 0);
  return 0;
}
