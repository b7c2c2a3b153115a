// One connection, byte by byte: a peer that speaks HTTP/2 by hand on one side,
// methods that answer now, later or never on the other. Not thread-safe.
#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "agent/grpc/grpc_connections.h"
#include "agent/net/loop.h"
#include "tests/agent/grpc/frames.h"

namespace libretto {

using std::chrono::milliseconds;
using testing::Frame;
using testing::GrpcMessage;
using testing::Hello;
using testing::Number;

inline ConnectionLimits ShortLimits() {
  ConnectionLimits limits;
  limits.frames.handshake = milliseconds(150);
  limits.frames.transfer = milliseconds(200);
  limits.frames.idle = milliseconds(250);
  limits.frames.idle_patience = milliseconds(60);
  limits.keepalive = milliseconds(150);
  limits.keepalive_timeout = milliseconds(100);
  return limits;
}

// RFC 7541, 6.2.2: literals, neither indexed nor Huffman-coded.
inline std::string Field(const std::string& name, const std::string& value) {
  return std::string(1, '\0') + Number(name.size(), 1) + name +
         Number(value.size(), 1) + value;
}

inline std::string Headers(
    std::uint32_t stream, const std::string& path, const std::string& more = "",
    const std::string& content_type = "application/grpc") {
  return Frame(testing::kHeaders, testing::kEndHeaders, stream,
               Field(":method", "POST") + Field(":scheme", "http") +
                   Field(":path", path) + Field(":authority", "localhost") +
                   Field("content-type", content_type) + more);
}

inline std::string Data(std::uint32_t stream, const std::string& bytes,
                        int flags = testing::kEndStream) {
  return Frame(testing::kData, flags, stream, bytes);
}

inline std::string Ask(std::uint32_t stream, const std::string& path,
                       const std::string& message = "ask") {
  return Headers(stream, path) + Data(stream, GrpcMessage(message));
}

// The machine's clock, which a sleep of the machine may move.
class JumpingClock final : public Clock {
 public:
  TimePoint Now() const override { return clock_.Now() + jumped; }
  WallTime WallNow() const override { return clock_.WallNow(); }
  std::chrono::seconds jumped{0};

 private:
  SystemClock clock_;
};

class Listening final : public GrpcCallListener {
 public:
  void OnSent() override { ++sent; }
  void OnCancelled() override { ++cancelled; }
  int sent = 0;
  int cancelled = 0;
};

class GrpcConnectionTest : public ::testing::Test {
 protected:
  GrpcConnectionTest() {
    methods_.Add("/t.T/Echo",
                 [](std::unique_ptr<GrpcCall> call, const SecretBytes& bytes) {
                   call->Answer(bytes);
                 });
    methods_.Add("/t.T/Keep", [this](std::unique_ptr<GrpcCall> call,
                                     const SecretBytes& /*bytes*/) {
      call->Listen(listening_);
      kept_.push_back(std::move(call));
    });
    methods_.Add("/t.T/Fail", [](std::unique_ptr<GrpcCall> call,
                                 const SecretBytes& /*bytes*/) {
      call->Finish(WithRemedy(NotFound("no 100% \xc3\xa4"), "look again"));
    });
    methods_.Add("/t.T/Talk",
                 [](const SecretBytes& bytes) -> StatusOr<SecretBytes> {
                   if (bytes.Reveal() == "stop") return Invalid("told to");
                   return bytes.Clone();
                 });
    Connect();
  }

  void Connect(ScopeId scope = 0) {
    int fds[2];
    ASSERT_EQ(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
        0);
    peer_.Reset(fds[0]);
    connections_.Adopt(UniqueFd(fds[1]), {12, 34, scope}, methods_);
    heard_.clear();
    frames_.clear();
  }

  void Say(const std::string& bytes) {
    ASSERT_EQ(send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // Turns the loop until `reached`; false after five seconds.
  bool RunUntil(const std::function<bool()>& reached) {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!reached() && std::chrono::steady_clock::now() < deadline) {
      loop_.context().restart();
      loop_.context().run_one_for(milliseconds(20));
    }
    return reached();
  }
  // Takes what there is; false once the connection is closed.
  bool Listen() {
    char buffer[65'536];
    ssize_t count = 0;
    while ((count = recv(peer_.get(), buffer, sizeof(buffer), 0)) > 0) {
      heard_.append(buffer, static_cast<std::size_t>(count));
    }
    const bool open = count < 0 && errno == EAGAIN;
    while (heard_.size() >= 9) {
      std::size_t size = 0;
      for (std::size_t i = 0; i < 3; ++i) {
        size = size << 8 | static_cast<unsigned char>(heard_[i]);
      }
      if (heard_.size() < 9 + size) break;
      frames_.push_back({heard_[3], heard_[4],
                         static_cast<unsigned char>(heard_[8]),
                         heard_.substr(9, size)});
      heard_.erase(0, 9 + size);
    }
    return open;
  }
  struct Heard {
    int type, flags, stream;
    std::string payload;
  };
  std::vector<Heard> Of(int type, int stream) {
    std::vector<Heard> found;
    for (const Heard& frame : frames_) {
      if (frame.type == type && frame.stream == stream) found.push_back(frame);
    }
    return found;
  }
  bool Ended(int stream) {
    Listen();
    for (const Heard& frame : Of(testing::kHeaders, stream)) {
      if ((frame.flags & testing::kEndStream) != 0) return true;
    }
    return false;
  }
  std::string Messages(int stream) {
    std::string all;
    for (const Heard& frame : Of(testing::kData, stream)) all += frame.payload;
    return all;
  }
  bool MakesRoomInTime() {
    return RunUntil([this] {
      return connections_.Count(0) == 0 || connections_.MakeRoom(0);
    });
  }
  bool Closed() {
    return RunUntil([this] { return !Listen(); });
  }

  JumpingClock clock_;
  Loop loop_{clock_};
  GrpcMethods methods_;
  std::vector<std::string> cuts_;
  int looks_ = 0;
  GrpcConnections connections_{loop_.context(),
                               loop_,
                               clock_,
                               ShortLimits(),
                               [this](int, pid_t pid) {
                                 ++looks_;
                                 EXPECT_EQ(pid, 34);
                                 return CallerProcess{.name = "peer"};
                               },
                               [this](const Caller& caller, const Status& why) {
                                 EXPECT_EQ(caller.uid, 12U);
                                 cuts_.push_back(Message(why));
                               }};
  std::shared_ptr<Listening> listening_ = std::make_shared<Listening>();
  std::vector<std::unique_ptr<GrpcCall>> kept_;
  UniqueFd peer_;
  std::string heard_;
  std::vector<Heard> frames_;
};

}  // namespace libretto
