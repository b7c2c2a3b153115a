#include "base/paths.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>

#include <string>

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/unique_fd.h"
#include "tests/matchers.h"
#include "tests/temp_dir.h"

namespace libretto {
namespace {

using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;
using testing::TempDir;

// The variables that decide, empty at the start and put back at the end.
class PathsTest : public ::testing::Test {
 protected:
  static constexpr const char* kVariables[] = {
      "HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR",
      "LIBRETTO_AGENT_SOCK"};

  PathsTest() {
    for (const char* name : kVariables) {
      const char* value = getenv(name);
      before_.emplace_back(name, value == nullptr ? "" : value);
      unsetenv(name);
    }
    setenv("HOME", "/home/casey", 1);
  }
  PathsTest(const PathsTest&) = delete;
  PathsTest& operator=(const PathsTest&) = delete;
  ~PathsTest() override {
    for (const auto& [name, value] : before_) {
      if (value.empty()) {
        unsetenv(name.c_str());
      } else {
        setenv(name.c_str(), value.c_str(), 1);
      }
    }
  }

 private:
  std::vector<std::pair<std::string, std::string>> before_;
};

TEST_F(PathsTest, HomeAloneIsEnough) {
  const auto paths = PathsFromEnvironment();
  ASSERT_THAT(paths, IsOk());
  EXPECT_EQ(paths->home, "/home/casey");
  EXPECT_EQ(paths->state_dir, "/home/casey/.libretto");
  EXPECT_EQ(paths->auth_file, "/home/casey/.libretto/auth.json");
  EXPECT_EQ(paths->lock_file, "/home/casey/.libretto/agent.lock");
  EXPECT_EQ(paths->config_file, "/home/casey/.config/libretto/agent.toml");
  EXPECT_EQ(paths->log_file, "/home/casey/.local/state/libretto/agent.log");
  EXPECT_EQ(paths->audit_log, "/home/casey/.local/state/libretto/audit.jsonl");
  EXPECT_EQ(paths->audit_key, "/home/casey/.libretto/audit.key");
  EXPECT_EQ(paths->audit_head, "/home/casey/.libretto/audit.head");
  EXPECT_EQ(paths->socket, "/home/casey/.libretto/run/agent.sock");
  EXPECT_FALSE(paths->socket_is_explicit);
}

TEST_F(PathsTest, WithoutAHomeThereIsNoPlace) {
  for (const char* home : {"", "relative", "~"}) {
    setenv("HOME", home, 1);
    EXPECT_THAT(PathsFromEnvironment(), HasCode(StatusCode::kInvalidArgument));
  }
  unsetenv("HOME");
  EXPECT_THAT(PathsFromEnvironment(), MessageHas("HOME"));
}

TEST_F(PathsTest, XdgDirectoriesAreUsedUnlessTheyAreRelative) {
  setenv("XDG_CONFIG_HOME", "/etc/xdg", 1);
  setenv("XDG_STATE_HOME", "state", 1);
  setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
  const auto paths = PathsFromEnvironment();
  ASSERT_THAT(paths, IsOk());
  EXPECT_EQ(paths->config_file, "/etc/xdg/libretto/agent.toml");
  EXPECT_EQ(paths->log_file, "/home/casey/.local/state/libretto/agent.log");
  EXPECT_EQ(paths->socket, "/run/user/7/libretto/agent.sock");
  setenv("XDG_RUNTIME_DIR", "run", 1);
  EXPECT_EQ(PathsFromEnvironment()->socket,
            "/home/casey/.libretto/run/agent.sock");
}

TEST_F(PathsTest, AnExplicitSocketBeatsAll) {
  setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
  setenv("LIBRETTO_AGENT_SOCK", "/tmp/mine.sock", 1);
  const auto paths = PathsFromEnvironment();
  ASSERT_THAT(paths, IsOk());
  EXPECT_EQ(paths->socket, "/tmp/mine.sock");
  EXPECT_TRUE(paths->socket_is_explicit);
  setenv("LIBRETTO_AGENT_SOCK", "", 1);
  EXPECT_FALSE(PathsFromEnvironment()->socket_is_explicit);
}

TEST_F(PathsTest, ASocketPathIsAbsoluteAndFits) {
  EXPECT_THAT(CheckSocketPath("/" + std::string(106, 'a')), IsOk());
  EXPECT_THAT(CheckSocketPath("/" + std::string(107, 'a')),
              MessageHas("108 bytes long; the system's limit is 107"));
  EXPECT_THAT(CheckSocketPath("agent.sock"), MessageHas("relative"));
  EXPECT_THAT(CheckSocketPath(""), HasCode(StatusCode::kInvalidArgument));
}

class LockFileTest : public PathsTest {
 protected:
  LockFileTest() { paths_.lock_file = dir_ / "agent.lock"; }

  // As a running agent does: holds the file while it says where it listens.
  UniqueFd Hold(std::string_view content) {
    EXPECT_THAT(WriteFileAtomically(paths_.lock_file, content, 0600), IsOk());
    UniqueFd fd(open(paths_.lock_file.c_str(), O_RDWR | O_CLOEXEC));
    EXPECT_EQ(flock(fd.get(), LOCK_EX | LOCK_NB), 0);
    return fd;
  }

  const TempDir dir_;
  Paths paths_;
};

TEST_F(LockFileTest, NamesTheSocketOfTheAgentThatHoldsIt) {
  const UniqueFd held = Hold("/run/user/7/libretto/agent.sock\n");
  EXPECT_EQ(SocketOfRunningAgent(paths_), "/run/user/7/libretto/agent.sock");
}

TEST_F(LockFileTest, SaysNothingOnceNobodyHoldsIt) {
  EXPECT_EQ(SocketOfRunningAgent(paths_), std::nullopt);
  Hold("/run/user/7/libretto/agent.sock\n").Reset();
  EXPECT_EQ(SocketOfRunningAgent(paths_), std::nullopt);
}

TEST_F(LockFileTest, GarbageInItIsNotASocket) {
  for (const std::string_view content :
       {std::string_view(""), std::string_view("\n"),
        std::string_view("relative\n"), std::string_view("\0\0", 2)}) {
    const UniqueFd held = Hold(content);
    EXPECT_EQ(SocketOfRunningAgent(paths_), std::nullopt);
  }
  const UniqueFd held = Hold("/" + std::string(200, 'a') + "\n");
  EXPECT_EQ(SocketOfRunningAgent(paths_), std::nullopt);
}

}  // namespace
}  // namespace libretto
