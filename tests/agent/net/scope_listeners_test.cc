#include "agent/net/scope_listeners.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <vector>

#include <gtest/gtest.h>

#include "base/paths.h"
#include "tests/fakes/fake_host.h"
#include "tests/matchers.h"
#include "tests/temp_dir.h"

namespace libretto {
namespace {

using testing::HasCode;
using testing::IsOk;

class ScopeListenersTest : public ::testing::Test {
 protected:
  static UniqueFd Connect(const std::string& path) {
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)) != 0) {
      fd.Reset();
    }
    return fd;
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat about {};
    EXPECT_EQ(stat(path.c_str(), &about), 0);
    return about.st_mode & 07777;
  }
  bool RunUntil(const std::function<bool()>& reached) {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!reached() && std::chrono::steady_clock::now() < deadline) {
      loop_.context().restart();
      loop_.context().run_one_for(std::chrono::milliseconds(20));
    }
    return reached();
  }
  static bool IsClosed(const UniqueFd& fd) {
    char byte = 0;
    return recv(fd.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }

  SystemClock clock_;
  Loop loop_{clock_};
  testing::TempDir dir_;
  testing::FakeHost host_;
  std::vector<ScopeId> ended_;
  ScopeListeners listeners_{
      loop_, dir_.path() + "/agent.sock", host_,
      [](int, const Caller&) { FAIL() << "nobody is refused here"; },
      [this](ScopeId id) { ended_.push_back(id); }};
};

TEST_F(ScopeListenersTest, WhoConnectsCameThroughTheScope) {
  const std::string one = listeners_.Open(1, std::nullopt, 0).value();
  const std::string two = listeners_.Open(2, std::nullopt, 0).value();
  EXPECT_NE(one, two);
  EXPECT_TRUE(IsScopeSocket(one));
  EXPECT_EQ(ModeOf(one), 0600U);
  EXPECT_EQ(ModeOf(dir_.path() + "/scopes"), 0700U);
  const UniqueFd client = Connect(two);
  ASSERT_TRUE(RunUntil([this] { return host_.adopted.size() == 1; }));
  EXPECT_EQ(host_.callers[0].scope, 2U);
  EXPECT_EQ(host_.callers[0].pid, getpid());
  EXPECT_EQ(listeners_.Connections(2), 1U);
  EXPECT_EQ(listeners_.Connections(1), 0U);
}

TEST_F(ScopeListenersTest, AGuestReachesTheFileAndNotTheFolder) {
  const std::string path = listeners_.Open(1, 4321, 0).value();
  EXPECT_EQ(ModeOf(path), 0666U);
  EXPECT_EQ(ModeOf(dir_.path() + "/scopes"), 0700U);
}

TEST_F(ScopeListenersTest, ClosingTakesThePathAndHangingUpTheConnections) {
  const std::string path = listeners_.Open(1, std::nullopt, 0).value();
  const UniqueFd client = Connect(path);
  ASSERT_TRUE(RunUntil([this] { return host_.adopted.size() == 1; }));
  listeners_.Close(1);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(Connect(path).valid());
  EXPECT_FALSE(IsClosed(client));
  listeners_.HangUp(1);
  EXPECT_TRUE(IsClosed(client));
}

TEST_F(ScopeListenersTest, TheEndOfAProcessIsTold) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  const std::string path = listeners_.Open(1, std::nullopt, child).value();
  EXPECT_TRUE(Connect(path).valid());
  EXPECT_TRUE(ended_.empty());
  kill(child, SIGKILL);
  ASSERT_TRUE(RunUntil([this] { return !ended_.empty(); }));
  EXPECT_EQ(ended_, std::vector<ScopeId>{1});
  waitpid(child, nullptr, 0);
  EXPECT_FALSE(listeners_.Open(2, std::nullopt, child).ok());
}

TEST_F(ScopeListenersTest, LeftoversAreSweptAndTheLivingAreNot) {
  const std::string path = listeners_.Open(1, std::nullopt, 0).value();
  const std::string dead = dir_.path() + "/scopes/0123456789abcdef.scope";
  {
    const UniqueFd socket_of_old(socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, dead.data(), dead.size());
    ASSERT_EQ(
        bind(socket_of_old.get(), reinterpret_cast<const sockaddr*>(&address),
             sizeof(address)),
        0);
  }
  listeners_.Sweep();
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(ScopeListenersTest, APathThatIsTooLongIsSaid) {
  ScopeListeners far(
      loop_, dir_.path() + "/" + std::string(90, 'x') + "/agent.sock", host_,
      [](int, const Caller&) {}, [](ScopeId) {});
  EXPECT_THAT(far.Open(1, std::nullopt, 0),
              HasCode(StatusCode::kInvalidArgument));
}

// Asio may deliver an event to whoever was given the place of the descriptor
// that it was for.
TEST_F(ScopeListenersTest, AnEventOfWhatWasClosedEndsNoScope) {
  using asio::posix::stream_descriptor;
  std::vector<std::unique_ptr<stream_descriptor>> readable;
  for (std::size_t i = 0; i < 2; ++i) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd write_end(ends[1]);
    ASSERT_EQ(write(write_end.get(), "x", 1), 1);
    readable.push_back(
        std::make_unique<stream_descriptor>(loop_.context(), ends[0]));
  }
  // Both are told in one turn. The first to hear it closes the other and opens
  // a scope in its place.
  int heard = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    readable[i]->async_wait(
        stream_descriptor::wait_read,
        [this, &readable, &heard, i](const asio::error_code& error) {
          if (error) return;
          ++heard;
          readable[1 - i]->close();
          EXPECT_THAT(listeners_.Open(1, std::nullopt, getpid()), IsOk());
        });
  }
  EXPECT_TRUE(RunUntil([&heard] { return heard == 1; }));
  for (int turn = 0; turn < 10; ++turn) {
    loop_.context().restart();
    loop_.context().run_one_for(std::chrono::milliseconds(20));
  }
  EXPECT_TRUE(ended_.empty());
}

}  // namespace
}  // namespace libretto
