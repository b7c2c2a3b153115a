// The agent's other files: the key journal, the instance lock, the settings.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>

#include <gtest/gtest.h>

#include "agent/os/config.h"
#include "agent/os/instance_lock.h"
#include "agent/os/key_file.h"
#include "agent/os/readiness.h"
#include "base/paths.h"
#include "tests/matchers.h"
#include "tests/temp_dir.h"

namespace libretto {
namespace {

using std::chrono::seconds;
using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;

TEST(KeyFileTest, RecordsAreReplacedByLabelAndRemoved) {
  const testing::TempDir dir;
  KeyFile file(dir.path() + "/agent-keys.json");
  ASSERT_THAT(file.Record({"https://a", "one", ""}), IsOk());
  ASSERT_THAT(file.Record({"https://a", "two", "2"}), IsOk());
  ASSERT_THAT(file.Record({"https://a", "one", "1"}), IsOk());
  const auto entries = file.Load();
  ASSERT_THAT(entries, IsOk());
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ(entries->back().label, "one");
  EXPECT_EQ(entries->back().id, "1");
  ASSERT_THAT(file.Remove("one"), IsOk());
  ASSERT_THAT(file.Remove("two"), IsOk());
  EXPECT_TRUE(file.Load()->empty());
  EXPECT_NE(access((dir.path() + "/agent-keys.json").c_str(), F_OK), 0);
}

TEST(KeyFileTest, AFileThatCannotBeUnderstoodIsNotOverwritten) {
  const testing::TempDir dir;
  const std::string path = dir.path() + "/agent-keys.json";
  std::ofstream(path) << "[{]";
  KeyFile file(path);
  EXPECT_THAT(file.Record({"https://a", "one", ""}),
              HasCode(StatusCode::kDataLoss));
  EXPECT_THAT(file.Load(), MessageHas(path));
}

TEST(InstanceLockTest, TheSecondAgentIsToldWhereTheFirstListens) {
  const testing::TempDir dir;
  const std::string path = dir.path() + "/agent.lock";
  const auto first = InstanceLock::Acquire(path);
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(first->Announce("/run/agent.sock"), IsOk());
  const auto second = InstanceLock::Acquire(path);
  EXPECT_THAT(second, HasCode(StatusCode::kAborted));
  EXPECT_THAT(second, MessageHas("/run/agent.sock"));
}

TEST(InstanceLockTest, ACommandFindsTheSocketWhileTheLockIsHeld) {
  const testing::TempDir dir;
  Paths paths;
  paths.lock_file = dir.path() + "/agent.lock";
  {
    const auto lock = InstanceLock::Acquire(paths.lock_file);
    ASSERT_THAT(lock->Announce("/run/a-long-path/agent.sock"), IsOk());
    ASSERT_THAT(lock->Announce("/run/agent.sock"), IsOk());
    EXPECT_EQ(SocketOfRunningAgent(paths), "/run/agent.sock");
  }
  EXPECT_EQ(SocketOfRunningAgent(paths), std::nullopt);
}

TEST(ConfigTest, EveryKeyIsRead) {
  const auto config = ParseConfig(R"(
    socket = "/run/x.sock"
    log_file = "/tmp/x.log"
    log_level = "debug"
    ca_file = "/etc/ca.pem"
    proxy = "http://proxy.test:3128"
    max_connections = 10
    idle_timeout_s = 1
    sync_interval_s = 2
    max_offline_s = 3
    audit_file_kib = 64
    cloud_ports = [443, 8443]
    secret_memory = false
  )");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->socket, "/run/x.sock");
  EXPECT_EQ(config->log_file, "/tmp/x.log");
  EXPECT_EQ(config->log_level, "debug");
  EXPECT_EQ(config->ca_file, "/etc/ca.pem");
  EXPECT_EQ(config->proxy, "http://proxy.test:3128");
  EXPECT_EQ(config->max_connections, 10U);
  EXPECT_EQ(config->idle_timeout, seconds(1));
  EXPECT_EQ(config->sync_interval, seconds(2));
  EXPECT_EQ(config->audit_file_bytes, 65536U);
  EXPECT_EQ(config->max_offline, seconds(3));
  EXPECT_EQ(config->cloud_ports, (std::vector<std::uint16_t>{443, 8443}));
  EXPECT_FALSE(config->secret_memory);
}

TEST(ConfigTest, MistakesNameTheLineAndTheKey) {
  const std::vector<std::pair<const char*, const char*>> table = {
      {"\nsokcet = \"/x\"", "line 2: there is no setting sokcet"},
      {"max_connections = 0", "line 1: max_connections has to be"},
      {"max_connections = \"7\"", "max_connections has to be a number"},
      {"log_level = \"loud\"", "log_level has to be one of"},
      {"ca_file = [\"/a\"]", "ca_file has to be an absolute path"},
      {"proxy = true", "proxy has to be http://"},
      {"sync_interval_s = 1.5", "sync_interval_s has to be"},
      {"[socket]\na = 1", "socket has to be"},
      {"cloud_ports = 443", "cloud_ports has to be a list"},
      {"cloud_ports = []", "cloud_ports has to be a list"},
      {"cloud_ports = [0]", "cloud_ports has to be a list"},
      {"cloud_ports = [65536]", "cloud_ports has to be a list"},
      {"secret_memory = 1", "secret_memory has to be true or false"},
      {"socket = ", "line 1"},
  };
  for (const auto& [text, message] : table) {
    EXPECT_THAT(ParseConfig(text), MessageHas(message)) << text;
  }
}

TEST(ConfigTest, WithoutAFileTheDefaultsHold) {
  const auto config = LoadConfig("/nonexistent/agent.toml");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->max_connections, 256U);
  EXPECT_FALSE(config->cloud_ports.has_value());
  EXPECT_TRUE(config->secret_memory);
}

TEST(ReadinessTest, WhoeverWaitsLearnsTheOutcomeAndTheEnd) {
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
  const UniqueFd reading(fds[0]);
  Readiness readiness{UniqueFd(fds[1])};
  readiness.Failed(WithRemedy(Denied("no room"), "make room"));
  char bytes[64];
  const ssize_t count = read(reading.get(), bytes, sizeof(bytes));
  EXPECT_EQ(std::string(bytes, static_cast<std::size_t>(count)),
            "no room\nmake room\n");
  EXPECT_EQ(read(reading.get(), bytes, sizeof(bytes)), 0);
}

}  // namespace
}  // namespace libretto
