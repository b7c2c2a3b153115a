// Files and ports: what the agent reaches from its sandbox, and what not.
#include "agent/os/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include <gtest/gtest.h>

#include "agent/os/landlock.h"
#include "base/files.h"
#include "base/unique_fd.h"
#include "tests/agent/os/confined.h"
#include "tests/temp_dir.h"

namespace libretto {
namespace {

using testing::SaidInSandbox;

std::string Unless(bool so, const std::string& what) {
  return so ? "" : what + "; ";
}

bool CanOpen(const std::string& path, int flags = O_RDONLY) {
  return UniqueFd(open(path.c_str(), flags | O_CLOEXEC, 0600)).valid();
}

// Connected, or refused by nobody but the other end.
bool MayConnect(int port) {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                 sizeof(address)) == 0 ||
         errno == ECONNREFUSED;
}

class SandboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (Landlock::Abi() == 0) GTEST_SKIP() << "this kernel has no Landlock";
    for (const char* name : {"state", "run", "log", ".ssh", ".aws"}) {
      ASSERT_EQ(mkdir((home_ / name).c_str(), 0700), 0);
    }
    for (const char* name : {".ssh/id_rsa", ".aws/credentials", ".bashrc",
                             "log/agent.log", "state/auth.json"}) {
      std::ofstream(home_ / name) << "text";
    }
    needs_.folders = {home_ / "state"};
    needs_.socket_folders = {home_ / "run"};
    needs_.log_folder = home_ / "log";
  }

  std::string Said(const std::function<std::string()>& probe) const {
    return SaidInSandbox(needs_, probe);
  }

  const testing::TempDir home_;
  SandboxNeeds needs_;
};

TEST_F(SandboxTest, OtherFilesAreOutOfReach) {
  const std::vector<std::string> files = {
      home_ / ".ssh/id_rsa",
      home_ / ".aws/credentials",
      home_ / ".bashrc",
      home_.path(),
      "/",
      "/tmp",
      "/home",
      "/run",
      "/sys",
      "/var/lib/dpkg/status",
      "/usr/bin/env",
      "/usr/share/doc",
      "/dev/zero",
      "/dev",
  };
  for (const std::string& file : files) {
    ASSERT_TRUE(CanOpen(file)) << file << " is no test, it cannot be opened";
  }
  EXPECT_EQ(Said([&files] {
              std::string possible;
              for (const std::string& file : files) {
                possible +=
                    Unless(!CanOpen(file) && errno == EACCES, "read " + file);
              }
              return possible;
            }),
            "");
}

TEST_F(SandboxTest, NothingIsWrittenElsewhere) {
  EXPECT_EQ(
      Said([this] {
        const std::string made = "/libretto-sandbox-test";
        std::string possible;
        for (const std::string folder :
             {"/tmp", "/etc", "/usr/lib", "/var/tmp", home_.path().c_str()}) {
          possible += Unless(!CanOpen(folder + made, O_WRONLY | O_CREAT),
                             "write below " + folder);
        }
        possible +=
            Unless(!CanOpen(home_ / ".bashrc", O_WRONLY), "write .bashrc");
        possible += Unless(mkdir((home_ / "new").c_str(), 0700) != 0, "mkdir");
        possible += Unless(unlink((home_ / ".bashrc").c_str()) != 0, "unlink");
        possible += Unless(rename((home_ / "state/auth.json").c_str(),
                                  (home_ / "auth.json").c_str()) != 0,
                           "move out");
        possible += Unless(link((home_ / ".ssh/id_rsa").c_str(),
                                (home_ / "state/key").c_str()) != 0,
                           "link in");
        return possible;
      }),
      "");
}

TEST_F(SandboxTest, ItsOwnFilesAreItsOwn) {
  EXPECT_EQ(
      Said([this] {
        std::string impossible;
        const std::string profile = home_ / "state/profiles/work";
        impossible += Unless(EnsurePrivateDirectory(profile).ok(), "mkdir");
        impossible += Unless(
            WriteFileAtomically(profile + "/auth.json", "text", 0600).ok(),
            "write");
        impossible += Unless(WriteNewFile(profile + "/new", "text", 0600).ok(),
                             "write new");
        impossible += Unless(ReadFile(profile + "/new", 99).ok(), "read");
        impossible += Unless(RemoveFile(profile + "/new").ok(), "unlink");
        const UniqueFd watch(inotify_init1(IN_CLOEXEC));
        impossible += Unless(
            inotify_add_watch(watch.get(), profile.c_str(), IN_MOVED_TO) >= 0,
            "watch");
        impossible += Unless(rename((home_ / "log/agent.log").c_str(),
                                    (home_ / "log/agent.1.log").c_str()) == 0,
                             "rotate the log");
        impossible += Unless(
            CanOpen(home_ / "log/agent.log", O_WRONLY | O_APPEND | O_CREAT),
            "go on with the log");
        return impossible;
      }),
      "");
}

TEST_F(SandboxTest, SocketsAreMadeAndUsed) {
  EXPECT_EQ(
      Said([this] {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, (home_ / "run/agent.sock").c_str(),
                     sizeof(address.sun_path) - 1);
        const auto* const name = reinterpret_cast<const sockaddr*>(&address);
        const UniqueFd server(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const UniqueFd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        std::string impossible =
            Unless(bind(server.get(), name, sizeof(address)) == 0, "bind");
        impossible += Unless(listen(server.get(), 1) == 0, "listen");
        impossible += Unless(connect(client.get(), name, sizeof(address)) == 0,
                             "connect");
        impossible += Unless(unlink(address.sun_path) == 0, "unlink");
        return impossible;
      }),
      "");
}

TEST_F(SandboxTest, NamesAndCertificatesAreFound) {
  EXPECT_EQ(Said([] {
              addrinfo* found = nullptr;
              std::string impossible =
                  Unless(getaddrinfo("localhost", "443", nullptr, &found) == 0,
                         "resolve localhost");
              if (found != nullptr) freeaddrinfo(found);
              for (const char* file : {"/etc/hosts", "/etc/nsswitch.conf",
                                       "/etc/ssl/certs/ca-certificates.crt",
                                       "/proc/self/status", "/dev/null"}) {
                impossible += Unless(CanOpen(file), file);
              }
              return impossible;
            }),
            "");
}

TEST_F(SandboxTest, ListensOnNoTcpPort) {
  if (Landlock::Abi() < 4) GTEST_SKIP() << "this kernel confines no ports";
  EXPECT_EQ(Said([] {
              const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
              sockaddr_in any{};
              any.sin_family = AF_INET;
              return Unless(
                  bind(fd.get(), reinterpret_cast<const sockaddr*>(&any),
                       sizeof(any)) != 0 &&
                      errno == EACCES,
                  "bind");
            }),
            "");
}

TEST_F(SandboxTest, ReachesEveryPortUnlessPortsAreNamed) {
  EXPECT_EQ(Said([] {
              return Unless(MayConnect(443), "443") +
                     Unless(MayConnect(8080), "8080");
            }),
            "");
}

TEST_F(SandboxTest, ReachesNamedPortsAlone) {
  if (Landlock::Abi() < 4) GTEST_SKIP() << "this kernel confines no ports";
  needs_.tcp_ports = {443, 8443};
  EXPECT_EQ(Said([] {
              std::string wrong;
              for (const int port : {25, 22, 8080}) {
                wrong += Unless(!MayConnect(port) && errno == EACCES,
                                "connect to " + std::to_string(port));
              }
              for (const int port : {443, 8443}) {
                wrong += Unless(MayConnect(port),
                                "no connection to " + std::to_string(port));
              }
              return wrong;
            }),
            "");
}

TEST_F(SandboxTest, OtherProcessesCannotBeLookedInto) {
  const std::string parent = "/proc/" + std::to_string(getpid());
  EXPECT_EQ(Said([&parent] {
              char target[8];
              return Unless(readlink((parent + "/exe").c_str(), target, 8) < 0,
                            "exe") +
                     Unless(!CanOpen(parent + "/mem", O_RDWR), "mem") +
                     Unless(CanOpen(parent + "/cgroup"), "not even cgroup");
            }),
            "");
}

TEST_F(SandboxTest, SaysWhatHolds) {
  const int abi = Landlock::Abi();
  needs_.tcp_ports = {443};
  const pid_t child = fork();
  if (child == 0) {
    const StatusOr<Sandbox> sandbox = EnterSandbox(needs_);
    const bool told = sandbox.ok() && sandbox->system_calls_filtered &&
                      sandbox->landlock_abi == abi &&
                      sandbox->tcp_ports_bound == (abi >= 4) &&
                      sandbox->missing.empty() == (abi >= 4);
    _exit(told ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace libretto
