#include "agent/net/listener.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/matchers.h"
#include "tests/temp_dir.h"

namespace libretto {
namespace {

using std::chrono::milliseconds;
using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

class ListenerTest : public ::testing::Test {
 protected:
  StatusOr<std::unique_ptr<Listener>> Open(std::size_t max_connections = 8) {
    return OpenAt(path_, max_connections);
  }
  StatusOr<std::unique_ptr<Listener>> OpenAt(const std::string& path,
                                             std::size_t max_connections = 8) {
    SocketConfig config{path, max_connections};
    config.preface_timeout = milliseconds(100);
    return Listener::Open(
        context_, std::move(config),
        [this](UniqueFd fd, Caller caller) {
          adopted_.push_back(std::move(fd));
          callers_.push_back(caller);
        },
        [](Caller) { FAIL() << "nobody is refused here"; });
  }

  UniqueFd Connect() {
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)) != 0) {
      fd.Reset();
    }
    return fd;
  }
  static void Say(const UniqueFd& fd, std::string_view text) {
    ASSERT_EQ(send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
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
  void RunFor(milliseconds time) {
    context_.restart();
    context_.run_for(time);
  }
  bool ClosedByServer(const UniqueFd& fd) {
    return RunUntil([&fd] {
      char byte = 0;
      const ssize_t count = recv(fd.get(), &byte, 1, MSG_DONTWAIT);
      return count == 0 || (count < 0 && errno == ECONNRESET);
    });
  }

  asio::io_context context_;
  testing::TempDir dir_;
  const std::string path_ = dir_.path() + "/run/agent.sock";
  std::vector<UniqueFd> adopted_;
  std::vector<Caller> callers_;
};

TEST_F(ListenerTest, WhoSendsThePrefaceIsHandedOver) {
  const auto listener = Open();
  ASSERT_THAT(listener, IsOk());
  const UniqueFd client = Connect();
  Say(client, kPreface);
  Say(client, "more");
  ASSERT_TRUE(RunUntil([this] { return adopted_.size() == 1; }));
  EXPECT_EQ(callers_[0].uid, geteuid());
  EXPECT_EQ(callers_[0].pid, getpid());
  const int fd = adopted_[0].get();
  EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  // Nothing has been taken away from the stream.
  char bytes[64];
  EXPECT_EQ(recv(fd, bytes, sizeof(bytes), 0), 28);
}

TEST_F(ListenerTest, APrefaceInPiecesIsAPreface) {
  const auto listener = Open();
  const UniqueFd client = Connect();
  Say(client, kPreface.substr(0, 5));
  RunUntil([&] { return (*listener)->connections() == 1; });
  Say(client, kPreface.substr(5));
  EXPECT_TRUE(RunUntil([this] { return adopted_.size() == 1; }));
}

TEST_F(ListenerTest, GarbageIsClosedAtOnce) {
  const auto listener = Open();
  const UniqueFd client = Connect();
  Say(client, "GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(ClosedByServer(client));
  EXPECT_TRUE(adopted_.empty());
}

TEST_F(ListenerTest, WhoSaysNothingIsClosedInTime) {
  const auto listener = Open();
  const UniqueFd silent = Connect();
  const UniqueFd half = Connect();
  Say(half, kPreface.substr(0, 10));
  EXPECT_TRUE(ClosedByServer(silent));
  EXPECT_TRUE(ClosedByServer(half));
  EXPECT_EQ((*listener)->connections(), 0U);
}

TEST_F(ListenerTest, AtTheLimitAcceptingPausesAndGoesOn) {
  const auto listener = Open(2);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(Connect());
    Say(clients.back(), kPreface);
  }
  ASSERT_TRUE(RunUntil([this] { return adopted_.size() == 2; }));
  EXPECT_EQ((*listener)->connections(), 2U);
  adopted_.erase(adopted_.begin());
  EXPECT_TRUE(RunUntil([this] { return adopted_.size() == 2; }));
}

TEST_F(ListenerTest, AtTheLimitTheSilentMakeRoom) {
  const auto listener = Open(2);
  const UniqueFd silent = Connect();
  const UniqueFd other = Connect();
  ASSERT_TRUE(RunUntil([&] { return (*listener)->connections() == 2; }));
  const UniqueFd late = Connect();
  Say(late, kPreface);
  ASSERT_TRUE(RunUntil([this] { return adopted_.size() == 1; }));
  EXPECT_TRUE(ClosedByServer(silent));
}

TEST_F(ListenerTest, AtTheLimitTheOldestIdleConnectionMakesRoom) {
  const auto listener = Open(3);
  std::vector<int> asked;
  (*listener)->MakeRoomBy([&](int fd) {
    asked.push_back(fd);
    // The first has a call in flight.
    if (fd == adopted_[0].get()) return false;
    adopted_[1].Reset();
    return true;
  });
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(Connect());
    Say(clients.back(), kPreface);
  }
  ASSERT_TRUE(RunUntil([this] { return adopted_.size() == 4; }));
  EXPECT_EQ(asked.size(), 2U);
  EXPECT_TRUE(ClosedByServer(clients[1]));
  EXPECT_EQ((*listener)->connections(), 3U);
  // Nobody waits, so nobody has to go.
  RunFor(milliseconds(300));
  EXPECT_EQ(asked.size(), 2U);
}

TEST_F(ListenerTest, ConnectionsLeaveDescriptorsForEverythingElse) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{66, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  const auto listener = Open(100);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(Connect());
    Say(clients.back(), kPreface);
  }
  ASSERT_TRUE(RunUntil([this] { return adopted_.size() == 2; }));
  RunFor(milliseconds(200));
  EXPECT_EQ(adopted_.size(), 2U);
}

TEST_F(ListenerTest, OnlyItsOwnerReachesTheSocket) {
  const auto listener = Open();
  struct stat about {};
  ASSERT_EQ(stat(path_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
  ASSERT_EQ(stat((dir_.path() + "/run").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0700U);
}

TEST_F(ListenerTest, ClosingRemovesTheSocket) {
  auto listener = Open();
  listener->reset();
  EXPECT_NE(access(path_.c_str(), F_OK), 0);
}

TEST_F(ListenerTest, ClosingLeavesASuccessorsSocketAlone) {
  auto first = Open();
  ASSERT_EQ(unlink(path_.c_str()), 0);
  const auto second = Open();
  ASSERT_THAT(second, IsOk());
  first->reset();
  EXPECT_EQ(access(path_.c_str(), F_OK), 0);
}

TEST_F(ListenerTest, AStaleSocketIsReplaced) {
  {
    auto listener = Open();
    ASSERT_EQ(link(path_.c_str(), (path_ + ".kept").c_str()), 0);
  }
  ASSERT_EQ(rename((path_ + ".kept").c_str(), path_.c_str()), 0);
  EXPECT_THAT(Open(), IsOk());
}

TEST_F(ListenerTest, ALiveSocketIsLeftAlone) {
  const auto first = Open();
  EXPECT_THAT(Open(), HasCode(StatusCode::kAborted));
  EXPECT_TRUE(Connect().valid());
}

TEST_F(ListenerTest, WhatIsNotASocketIsNotRemoved) {
  const std::string run = dir_.path() + "/run";
  ASSERT_EQ(mkdir(run.c_str(), 0700), 0);
  std::ofstream(path_) << "precious";
  EXPECT_THAT(Open(), MessageHas("not a socket"));
  ASSERT_EQ(unlink(path_.c_str()), 0);
  ASSERT_EQ(symlink("/etc/passwd", path_.c_str()), 0);
  EXPECT_THAT(Open(), MessageHas("not a socket"));
  ASSERT_EQ(unlink(path_.c_str()), 0);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(Open(), MessageHas("not a socket"));
}

TEST_F(ListenerTest, ADirectoryThatOthersCanWriteIsRefused) {
  const std::string run = dir_.path() + "/run";
  ASSERT_EQ(mkdir(run.c_str(), 0700), 0);
  ASSERT_EQ(chmod(run.c_str(), 0777), 0);
  EXPECT_THAT(Open(), MessageHas("writable by others"));
}

TEST_F(ListenerTest, ADirectoryThatIsALinkIsRefused) {
  const std::string real = dir_.path() + "/real";
  ASSERT_EQ(mkdir(real.c_str(), 0700), 0);
  ASSERT_EQ(symlink(real.c_str(), (dir_.path() + "/run").c_str()), 0);
  EXPECT_THAT(Open(), HasCode(StatusCode::kPermissionDenied));
}

TEST_F(ListenerTest, PathsThatNoSocketCanHaveAreRefused) {
  EXPECT_THAT(OpenAt("agent.sock"), MessageHas("relative"));
  EXPECT_THAT(OpenAt("/" + std::string(200, 'x')), MessageHas("limit is 107"));
}

TEST_F(ListenerTest, WhatSystemdListensOnIsTakenOverAndLeftToIt) {
  ASSERT_EQ(mkdir((dir_ / "run").c_str(), 0700), 0);
  UniqueFd listening(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  ASSERT_EQ(bind(listening.get(), reinterpret_cast<const sockaddr*>(&address),
                 sizeof(address)),
            0);
  ASSERT_EQ(listen(listening.get(), 8), 0);
  {
    const auto listener = Listener::TakeOver(
        context_, {path_, 8}, std::move(listening),
        [this](UniqueFd fd, Caller) { adopted_.push_back(std::move(fd)); },
        [](Caller) { FAIL() << "nobody is refused here"; });
    ASSERT_THAT(listener, IsOk());
    const UniqueFd client = Connect();
    Say(client, kPreface);
    EXPECT_TRUE(RunUntil([this] { return adopted_.size() == 1; }));
  }
  EXPECT_EQ(access(path_.c_str(), F_OK), 0);
}

TEST_F(ListenerTest, TakesOverNothingThatOthersCouldReplace) {
  ASSERT_EQ(mkdir((dir_ / "run").c_str(), 0700), 0);
  ASSERT_EQ(chmod((dir_ / "run").c_str(), 0777), 0);
  const auto listener = Listener::TakeOver(
      context_, {path_, 8}, UniqueFd(socket(AF_UNIX, SOCK_STREAM, 0)),
      [](UniqueFd, Caller) {}, [](Caller) {});
  EXPECT_THAT(listener, HasCode(StatusCode::kPermissionDenied));
}

}  // namespace
}  // namespace libretto
