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

#include "tests/fakes/fake_host.h"
#include "tests/matchers.h"
#include "tests/temp_dir.h"

namespace libretto {
namespace {

using std::chrono::milliseconds;
using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;

class ListenerTest : public ::testing::Test {
 protected:
  StatusOr<std::unique_ptr<Listener>> Open(std::size_t max_connections = 8) {
    return OpenAt(path_, max_connections);
  }
  StatusOr<std::unique_ptr<Listener>> OpenAt(const std::string& path,
                                             std::size_t max_connections = 8) {
    return Listener::Open(
        context_, {path, max_connections}, host_,
        [](int, const Caller&) { FAIL() << "nobody is refused here"; });
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
  testing::FakeHost host_;
};

TEST_F(ListenerTest, WhoConnectsIsHandedOver) {
  const auto listener = Open();
  ASSERT_THAT(listener, IsOk());
  const UniqueFd client = Connect();
  Say(client, "all of it");
  ASSERT_TRUE(RunUntil([this] { return host_.adopted.size() == 1; }));
  EXPECT_EQ(host_.callers[0].uid, geteuid());
  EXPECT_EQ(host_.callers[0].pid, getpid());
  const int fd = host_.adopted[0].get();
  EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  // Nothing has been taken away from the stream.
  char bytes[64];
  EXPECT_EQ(recv(fd, bytes, sizeof(bytes), 0), 9);
}

TEST_F(ListenerTest, AtTheLimitAcceptingPausesAndGoesOn) {
  const auto listener = Open(2);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(Connect());
  ASSERT_TRUE(RunUntil([this] { return host_.asked_for_room > 1; }));
  EXPECT_EQ(host_.adopted.size(), 2U);
  host_.adopted[0].Reset();
  EXPECT_TRUE(RunUntil([this] { return host_.adopted.size() == 3; }));
}

TEST_F(ListenerTest, AtTheLimitTheHostMakesRoomForWhoWaits) {
  const auto listener = Open(2);
  host_.make_room = [this] {
    host_.adopted[1].Reset();
    return true;
  };
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(Connect());
  ASSERT_TRUE(RunUntil([this] { return host_.adopted.size() == 3; }));
  EXPECT_TRUE(ClosedByServer(clients[1]));
  // Nobody waits, so nobody has to go.
  RunFor(milliseconds(300));
  EXPECT_EQ(host_.asked_for_room, 1);
}

TEST_F(ListenerTest, ConnectionsLeaveDescriptorsForEverythingElse) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{66, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  const auto listener = Open(100);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(Connect());
  ASSERT_TRUE(RunUntil([this] { return host_.adopted.size() == 2; }));
  RunFor(milliseconds(200));
  EXPECT_EQ(host_.adopted.size(), 2U);
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
        context_, {path_, 8}, std::move(listening), host_,
        [](int, const Caller&) { FAIL() << "nobody is refused here"; });
    ASSERT_THAT(listener, IsOk());
    const UniqueFd client = Connect();
    EXPECT_TRUE(RunUntil([this] { return host_.adopted.size() == 1; }));
  }
  EXPECT_EQ(access(path_.c_str(), F_OK), 0);
}

TEST_F(ListenerTest, TakesOverNothingThatOthersCouldReplace) {
  ASSERT_EQ(mkdir((dir_ / "run").c_str(), 0700), 0);
  ASSERT_EQ(chmod((dir_ / "run").c_str(), 0777), 0);
  const auto listener = Listener::TakeOver(
      context_, {path_, 8}, UniqueFd(socket(AF_UNIX, SOCK_STREAM, 0)), host_,
      [](int, const Caller&) {});
  EXPECT_THAT(listener, HasCode(StatusCode::kPermissionDenied));
}

}  // namespace
}  // namespace libretto
