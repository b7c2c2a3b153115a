#include "agent/net/frame_relay.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/agent/net/frames.h"
#include "tests/matchers.h"

namespace libretto {
namespace {

using std::chrono::milliseconds;
using testing::Answer;
using testing::Call;
using testing::Frame;
using testing::Headers;
using testing::Hello;
using testing::IsOk;
using testing::kPing;
using testing::MessageHas;
using testing::Number;

FrameLimits ShortLimits() {
  FrameLimits limits;
  limits.handshake = milliseconds(150);
  limits.transfer = milliseconds(200);
  limits.idle = milliseconds(250);
  return limits;
}

class FrameRelayTest : public ::testing::Test {
 protected:
  FrameRelayTest() {
    int fds[2];
    EXPECT_EQ(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
        0);
    client_.Reset(fds[0]);
    client_fd_ = fds[1];
    auto server = relay_.Interpose(UniqueFd(fds[1]), {12, 34});
    EXPECT_THAT(server, IsOk());
    server_ = *std::move(server);
  }

  // Turns the loop until `reached`; false after five seconds.
  bool RunUntil(const std::function<bool()>& reached) {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!reached() && std::chrono::steady_clock::now() < deadline) {
      context_.restart();
      context_.run_one_for(milliseconds(20));
    }
    return reached();
  }
  static void Say(const UniqueFd& fd, const std::string& bytes) {
    ASSERT_EQ(send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // Takes what is there; false once the other end is closed.
  static bool Take(const UniqueFd& fd, std::string& into) {
    char buffer[65'536];
    ssize_t count = 0;
    while ((count = recv(fd.get(), buffer, sizeof(buffer), 0)) > 0) {
      into.append(buffer, static_cast<std::size_t>(count));
    }
    return count < 0 && errno == EAGAIN;
  }
  bool Hears(const UniqueFd& fd, const std::string& expected) {
    std::string heard;
    RunUntil([&] {
      Take(fd, heard);
      return heard.size() >= expected.size();
    });
    return heard == expected;
  }
  bool Closed(const UniqueFd& fd) {
    heard_.clear();
    return RunUntil([&] { return !Take(fd, heard_); });
  }

  asio::io_context context_;
  SystemClock clock_;
  std::vector<std::string> cuts_;
  FrameRelay relay_{context_, clock_, ShortLimits(),
                    [this](const Caller& caller, const Status& why) {
                      EXPECT_EQ(caller.uid, 12U);
                      cuts_.push_back(Message(why));
                    }};
  int client_fd_ = -1;  // the relay's end of it
  UniqueFd client_;
  UniqueFd server_;
  std::string heard_;  // by the last one that was Closed()
};

TEST_F(FrameRelayTest, BytesPassBothWays) {
  EXPECT_NE(fcntl(server_.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(fcntl(server_.get(), F_GETFL) & O_NONBLOCK, 0);
  Say(client_, Hello() + Call(1));
  EXPECT_TRUE(Hears(server_, Hello() + Call(1)));
  Say(server_, Answer(1));
  EXPECT_TRUE(Hears(client_, Answer(1)));
  EXPECT_EQ(relay_.connections(), 1U);
}

TEST_F(FrameRelayTest, MuchPassesThroughALittleBuffer) {
  const std::string many = [] {
    std::string frames = Hello();
    for (std::uint32_t id = 1; id < 60; id += 2) {
      frames +=
          Headers(id) + Frame(testing::kData, testing::kEndStream, id,
                              testing::GrpcMessage(std::string(16'000, 'x')));
    }
    return frames;
  }();
  std::string heard;
  std::size_t said = 0;
  EXPECT_TRUE(RunUntil([&] {
    const ssize_t count = send(client_.get(), many.data() + said,
                               many.size() - said, MSG_NOSIGNAL);
    if (count > 0) said += static_cast<std::size_t>(count);
    Take(server_, heard);
    return heard.size() == many.size();
  }));
  EXPECT_EQ(heard, many);
}

TEST_F(FrameRelayTest, WhoLeavesIsGone) {
  Say(client_, Hello());
  client_.Reset();
  EXPECT_TRUE(Closed(server_));
  EXPECT_EQ(heard_, Hello());
  EXPECT_EQ(relay_.connections(), 0U);
  EXPECT_TRUE(cuts_.empty());
}

TEST_F(FrameRelayTest, WhatTheServerSaidLastArrives) {
  Say(client_, Hello() + Call(1));
  ASSERT_TRUE(Hears(server_, Hello() + Call(1)));
  Say(server_, Answer(1));
  server_.Reset();
  EXPECT_TRUE(Closed(client_));
  EXPECT_EQ(heard_, Answer(1));
}

TEST_F(FrameRelayTest, AFloodIsCutAndToldWhyAndNothingOfItPassesOn) {
  Say(client_, Hello());
  ASSERT_TRUE(Hears(server_, Hello()));
  std::string flood;
  for (int i = 0; i < 400; ++i) flood += Frame(kPing, 0, 0, Number(0, 8));
  Say(client_, flood);
  EXPECT_TRUE(Closed(client_));
  EXPECT_NE(heard_.find("too many PINGs"), std::string::npos);
  EXPECT_EQ(heard_.substr(3, 1), Number(testing::kGoaway, 1));
  EXPECT_EQ(heard_.substr(13, 4), Number(0xb));  // ENHANCE_YOUR_CALM
  EXPECT_TRUE(Closed(server_));
  EXPECT_EQ(heard_, "");
  EXPECT_EQ(cuts_, std::vector<std::string>{"too many PINGs"});
}

TEST_F(FrameRelayTest, SilenceIsCut) {
  EXPECT_TRUE(Closed(client_));
  ASSERT_EQ(cuts_.size(), 1U);
  EXPECT_NE(cuts_[0].find("preface"), std::string::npos);
}

TEST_F(FrameRelayTest, HalfARequestIsCut) {
  Say(client_, Hello() + Headers(1));
  EXPECT_TRUE(Closed(client_));
  ASSERT_EQ(cuts_.size(), 1U);
  EXPECT_NE(cuts_[0].find("has not ended in time"), std::string::npos);
}

TEST_F(FrameRelayTest, AConnectionWithoutACallIsToldGoodbye) {
  Say(client_, Hello() + Call(1));
  ASSERT_TRUE(Hears(server_, Hello() + Call(1)));
  Say(server_, Answer(1));
  ASSERT_TRUE(Hears(client_, Answer(1)));
  EXPECT_TRUE(Closed(client_));
  EXPECT_EQ(heard_.substr(3, 1), Number(testing::kGoaway, 1));
  EXPECT_EQ(heard_.substr(9, 4), Number(1));   // the last stream
  EXPECT_EQ(heard_.substr(13, 4), Number(0));  // NO_ERROR
  EXPECT_TRUE(cuts_.empty());
}

TEST_F(FrameRelayTest, WhoDoesNotReadHoldsLittleAndIsCut) {
  Say(client_, Hello() + Call(1));
  ASSERT_TRUE(Hears(server_, Hello() + Call(1)));
  Say(server_, Headers(1));
  const std::string data =
      Frame(testing::kData, 0, 1, std::string(16'000, 'x'));
  std::size_t said = 0;
  std::size_t pending = 0;
  EXPECT_TRUE(RunUntil([&] {
    const ssize_t count = send(server_.get(), data.data() + pending,
                               data.size() - pending, MSG_NOSIGNAL);
    if (count > 0) {
      said += static_cast<std::size_t>(count);
      pending = (pending + static_cast<std::size_t>(count)) % data.size();
    }
    return !cuts_.empty();
  }));
  EXPECT_EQ(cuts_, std::vector<std::string>{"answers are not read"});
  // Two socket buffers of the kernel and one of ours.
  EXPECT_LT(said, std::size_t{2} << 20);
  EXPECT_TRUE(Closed(client_));
}

TEST_F(FrameRelayTest, OnlyWhoHasNoCallInFlightMakesRoom) {
  EXPECT_FALSE(relay_.EndIdle(-1));
  Say(client_, Hello() + Call(1));
  ASSERT_TRUE(Hears(server_, Hello() + Call(1)));
  EXPECT_FALSE(relay_.EndIdle(client_fd_));
  Say(server_, Answer(1));
  ASSERT_TRUE(Hears(client_, Answer(1)));
  EXPECT_TRUE(relay_.EndIdle(client_fd_));
  EXPECT_TRUE(Closed(client_));
  EXPECT_EQ(heard_.substr(13, 4), Number(0));  // NO_ERROR
  EXPECT_FALSE(relay_.EndIdle(client_fd_));
}

TEST_F(FrameRelayTest, WithoutDescriptorsAConnectionIsClosed) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{64, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  std::vector<UniqueFd> taken;
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  const UniqueFd other(fds[0]);
  for (int fd = 0; (fd = dup(0)) >= 0;) taken.emplace_back(fd);
  const auto none = relay_.Interpose(UniqueFd(fds[1]), {12, 34});
  taken.clear();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(none, MessageHas("pair of sockets"));
  char byte = 0;
  EXPECT_EQ(recv(other.get(), &byte, 1, 0), 0);
  EXPECT_EQ(relay_.connections(), 1U);
}

}  // namespace
}  // namespace libretto
