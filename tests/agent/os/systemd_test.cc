#include "agent/os/systemd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "tests/fakes/manual_clock.h"
#include "tests/temp_dir.h"

namespace libretto {
namespace {

using std::chrono::seconds;

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

UniqueFd Bound(int type, const std::string& path) {
  UniqueFd fd(socket(AF_UNIX, type, 0));
  const sockaddr_un address = AddressOf(path);
  bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  return fd;
}

class ActivationTest : public ::testing::Test {
 protected:
  // What TakeActivatedSocket() says in a process to which systemd has passed
  // `fd` and `count` sockets; "OK PATH" when it takes it.
  std::string Taken(int fd, const std::string& count = "1", int pid_off = 0) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const int keep = fcntl(ends[1], F_DUPFD, 10);
    const int passed = fcntl(fd, F_DUPFD, 10);
    const pid_t child = fork();
    if (child == 0) {
      dup2(passed, 3);
      setenv("LISTEN_PID", std::to_string(getpid() + pid_off).c_str(), 1);
      setenv("LISTEN_FDS", count.c_str(), 1);
      const auto taken = TakeActivatedSocket();
      std::string said = Message(taken.status());
      if (taken.ok()) {
        const bool kept_from_children =
            (fcntl(taken->fd.get(), F_GETFD) & FD_CLOEXEC) != 0 &&
            (fcntl(taken->fd.get(), F_GETFL) & O_NONBLOCK) != 0 &&
            getenv("LISTEN_FDS") == nullptr;
        said = (kept_from_children ? "OK " : "inheritable ") + taken->path;
      }
      _exit(write(keep, said.data(), said.size()) < 0 ? 1 : 0);
    }
    close(ends[1]);
    close(keep);
    close(passed);
    char said[512] = {};
    EXPECT_GT(read(ends[0], said, sizeof(said) - 1), 0);
    close(ends[0]);
    waitpid(child, nullptr, 0);
    return said;
  }

  const testing::TempDir dir_;
  const std::string path_ = dir_ / "agent.sock";
};

TEST_F(ActivationTest, TakesAListeningUnixSocketAndLearnsItsPath) {
  const UniqueFd fd = Bound(SOCK_STREAM, path_);
  ASSERT_EQ(listen(fd.get(), 1), 0);
  EXPECT_EQ(Taken(fd.get()), "OK " + path_);
}

TEST_F(ActivationTest, RefusesWhatIsNotThat) {
  const UniqueFd deaf = Bound(SOCK_STREAM, path_);
  EXPECT_NE(Taken(deaf.get()).find("not a listening"), std::string::npos);
  const UniqueFd packets = Bound(SOCK_DGRAM, dir_ / "other.sock");
  EXPECT_NE(Taken(packets.get()).find("not a listening"), std::string::npos);
  const UniqueFd internet(socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(listen(internet.get(), 1), 0);
  EXPECT_NE(Taken(internet.get()).find("not a listening"), std::string::npos);
  const UniqueFd file(open("/dev/null", O_RDONLY));
  EXPECT_NE(Taken(file.get()).find("not a listening"), std::string::npos);
  const UniqueFd nameless(socket(AF_UNIX, SOCK_STREAM, 0));
  const sockaddr_un address = AddressOf("");
  ASSERT_EQ(bind(nameless.get(), reinterpret_cast<const sockaddr*>(&address),
                 sizeof(sa_family_t)),
            0);
  ASSERT_EQ(listen(nameless.get(), 1), 0);
  EXPECT_NE(Taken(nameless.get()).find("no path"), std::string::npos);
}

TEST_F(ActivationTest, OneSocketNeitherMoreNorFewer) {
  const UniqueFd fd = Bound(SOCK_STREAM, path_);
  ASSERT_EQ(listen(fd.get(), 1), 0);
  EXPECT_NE(Taken(fd.get(), "2").find("passed 2 sockets"), std::string::npos);
  EXPECT_NE(Taken(fd.get(), "0").find("passed 0 sockets"), std::string::npos);
}

TEST_F(ActivationTest, WhatIsMeantForAnotherProcessIsNotTaken) {
  const UniqueFd fd = Bound(SOCK_STREAM, path_);
  ASSERT_EQ(listen(fd.get(), 1), 0);
  EXPECT_NE(Taken(fd.get(), "1", 1).find("no socket"), std::string::npos);
  EXPECT_NE(Taken(fd.get(), "1x").find("no socket"), std::string::npos);
}

class WatchdogTest : public ::testing::Test {
 protected:
  WatchdogTest() {
    setenv("NOTIFY_SOCKET", path_.c_str(), 1);
    setenv("WATCHDOG_USEC", "30000000", 1);
    unsetenv("WATCHDOG_PID");
  }
  ~WatchdogTest() override {
    for (const char* name :
         {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
      unsetenv(name);
    }
  }

  std::string Heard() {
    char text[64] = {};
    const ssize_t count =
        recv(systemd_.get(), text, sizeof(text) - 1, MSG_DONTWAIT);
    return count < 0 ? "" : text;
  }

  const testing::TempDir dir_;
  const std::string path_ = dir_ / "notify";
  const UniqueFd systemd_ = Bound(SOCK_DGRAM, path_);
  testing::ManualClock clock_;
};

TEST_F(WatchdogTest, SaysTwiceInTheTimeThatTheLoopTurns) {
  Watchdog watchdog(clock_);
  ASSERT_EQ(watchdog.NextDeadline(), clock_.Now() + seconds(15));
  watchdog.Tick();
  EXPECT_EQ(Heard(), "");
  clock_.Advance(seconds(15));
  watchdog.Tick();
  EXPECT_EQ(Heard(), "WATCHDOG=1");
  EXPECT_EQ(watchdog.NextDeadline(), clock_.Now() + seconds(15));
}

TEST_F(WatchdogTest, IsSilentWhereNobodyAsked) {
  setenv("WATCHDOG_PID", "1", 1);
  EXPECT_FALSE(Watchdog(clock_).NextDeadline().has_value());
  unsetenv("WATCHDOG_PID");
  setenv("WATCHDOG_USEC", "soon", 1);
  EXPECT_FALSE(Watchdog(clock_).NextDeadline().has_value());
  unsetenv("WATCHDOG_USEC");
  EXPECT_FALSE(Watchdog(clock_).NextDeadline().has_value());
}

}  // namespace
}  // namespace libretto
