#include "agent/net/caller_process.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "base/unique_fd.h"
#include "tests/temp_dir.h"

namespace libretto {
namespace {

// A listening socket, and children that connect to it.
class CallerProcessTest : public ::testing::Test {
 protected:
  CallerProcessTest() : listening_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    address_.sun_family = AF_UNIX;
    const std::string path = directory_ / "s";
    std::memcpy(address_.sun_path, path.data(), path.size());
    EXPECT_EQ(bind(listening_.get(), AsAddress(), sizeof(address_)), 0);
    EXPECT_EQ(listen(listening_.get(), 8), 0);
  }

  const sockaddr* AsAddress() const {
    return reinterpret_cast<const sockaddr*>(&address_);
  }

  // The child connects, does `then` and waits for the end of `hold`.
  template <typename Then>
  pid_t Connect(Then then) {
    int hold[2];
    EXPECT_EQ(pipe(hold), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(hold[1]);
      const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
      if (connect(fd, AsAddress(), sizeof(address_)) != 0) _exit(1);
      then();
      char byte = 0;
      (void)!read(hold[0], &byte, 1);
      _exit(0);
    }
    close(hold[0]);
    hold_ = UniqueFd(hold[1]);
    return child;
  }

  UniqueFd Accept() const {
    return UniqueFd(accept(listening_.get(), nullptr, nullptr));
  }

  void End(pid_t child) {
    hold_.Reset();
    waitpid(child, nullptr, 0);
  }

  const testing::TempDir directory_;
  sockaddr_un address_{};
  UniqueFd listening_;
  UniqueFd hold_;
};

TEST_F(CallerProcessTest, SaysWhoConnected) {
  const pid_t child = Connect([] {});
  const UniqueFd connection = Accept();
  const CallerProcess process = ProcessBehind(connection.get(), child);
  std::array<char, 1024> self{};
  const ssize_t size = readlink("/proc/self/exe", self.data(), self.size());
  EXPECT_EQ(process.executable,
            std::string(self.data(), static_cast<std::size_t>(size)));
  EXPECT_GT(process.start_ticks, 0U);
  EXPECT_TRUE(process.cgroup.empty() || process.cgroup.front() == '/');
  End(child);
}

TEST_F(CallerProcessTest, AProcessMayCallItselfAnything) {
  // As if the fields of stat went on behind the name.
  const pid_t child = Connect([] { prctl(PR_SET_NAME, ") R 1 (x) 2"); });
  const UniqueFd connection = Accept();
  // The name is set after the connection; wait until it is.
  CallerProcess process;
  for (int i = 0; i < 1'000 && process.name != ") R 1 (x) 2"; ++i) {
    process = ProcessBehind(connection.get(), child);
    poll(nullptr, 0, 1);
  }
  EXPECT_EQ(process.name, ") R 1 (x) 2");
  const CallerProcess self = ProcessBehind(connection.get(), child);
  EXPECT_EQ(self.start_ticks, process.start_ticks);
  EXPECT_GT(process.start_ticks, 10U);
  End(child);
}

TEST_F(CallerProcessTest, OneThatHasEndedIsNobody) {
  const pid_t child = Connect([] {});
  const UniqueFd connection = Accept();
  End(child);
  EXPECT_EQ(ProcessBehind(connection.get(), child).start_ticks, 0U);
  // Nor is whoever has its number now.
  int peer = -1;
  socklen_t size = sizeof(peer);
  constexpr int kPeerPidfd = 77;
  if (getsockopt(connection.get(), SOL_SOCKET, kPeerPidfd, &peer, &size) != 0 &&
      errno == ENOPROTOOPT) {
    GTEST_SKIP() << "this kernel has no SO_PEERPIDFD";
  }
  if (peer >= 0) close(peer);
  const CallerProcess wrong = ProcessBehind(connection.get(), getpid());
  EXPECT_EQ(wrong.start_ticks, 0U);
  EXPECT_EQ(wrong.executable, "");
}

TEST_F(CallerProcessTest, APeerInAnotherPidNamespaceIsNobody) {
  EXPECT_EQ(ProcessBehind(listening_.get(), 0).start_ticks, 0U);
}

}  // namespace
}  // namespace libretto
