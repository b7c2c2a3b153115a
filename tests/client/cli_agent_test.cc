// Finding, starting and stopping the agent.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/cli_fixture.h"

namespace libretto::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

#ifdef LIBRETTO_SANITIZED
constexpr bool kSlow = true;
#else
constexpr bool kSlow = false;
#endif

class CliAgentTest : public CliTest {
 protected:
  std::string Socket() const { return PathOf(".libretto/run/agent.sock"); }
};

TEST_F(CliAgentTest, ACommandStartsTheAgentAndTheNextOneFindsIt) {
  EXPECT_EQ(Ctl({"read", "username"}).out, "alice\n");
  const std::string first = Read("started");
  EXPECT_EQ(Ctl({"read", "username"}).out, "alice\n");
  EXPECT_EQ(Read("started"), first);
}

TEST_F(CliAgentTest, NoStartStartsNothing) {
  const Outcome outcome = Ctl({"read", "username", "--no-start"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.err, "librettoctl: no agent listens at " + Socket() +
                             "\n  try: librettoctl agent start\n");
  EXPECT_THAT(Read("started"), IsEmpty());
}

TEST_F(CliAgentTest, StatusAndStopStartNothingEither) {
  EXPECT_EQ(Ctl({"agent", "status"}).exit_code, 2);
  const Outcome stop = Ctl({"agent", "stop"});
  EXPECT_EQ(stop.exit_code, 0);
  EXPECT_EQ(stop.err, "No agent is running.\n");
  EXPECT_THAT(Read("started"), IsEmpty());
}

TEST_F(CliAgentTest, AnAgentThatIsStartedByTheWayGetsAnAllowListedEnvironment) {
  environment_ = {"LIBRETTO_API_KEY=k",     "LIBRETTO_API_URL=http://x",
                  "LIBRETTO_CLOUD_X=v",     "LC_CTYPE=C.UTF-8",
                  "LD_PRELOAD_NOT=nothing", "TZ=UTC"};
  Ctl({"read", "username"});
  const std::string started = Read("started");
  for (const char* passed :
       {"HOME=", "PATH=", "LC_CTYPE=C.UTF-8", "TZ=UTC", "LD_BIND_NOW=1"}) {
    EXPECT_THAT(started, HasSubstr(std::string("environment ") + passed));
  }
  for (const char* kept : {"LIBRETTO_API_KEY", "LIBRETTO_API_URL",
                           "LIBRETTO_CLOUD_X", "LD_PRELOAD_NOT"}) {
    EXPECT_THAT(started, Not(HasSubstr(kept)));
  }
}

TEST_F(CliAgentTest, AnAgentThatIsStartedByHandGetsThisEnvironment) {
  environment_ = {"LIBRETTO_API_KEY=k"};
  const Outcome outcome = Ctl({"agent", "start"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, Socket() + "\n");
  EXPECT_THAT(Read("started"), HasSubstr("environment LIBRETTO_API_KEY=k\n"));
  EXPECT_THAT(Read("started"), HasSubstr("environment LD_BIND_NOW=1\n"));
}

TEST_F(CliAgentTest, TheAgentIsDetachedFromWhoStartedIt) {
  CommandLine line = Line({"read", "username"});
  // Somebody who waits for the end of this pipe must not wait for the agent.
  line.prepare = [] { fcntl(0, F_DUPFD, 20); };
  RunOnPipes(line);
  const std::string started = Read("started");
  EXPECT_THAT(started, HasSubstr("argument serve\nargument --ready-fd\n"));
  EXPECT_THAT(started, HasSubstr("argument --log-file\nargument " +
                                 PathOf(".local/state/libretto/agent.log")));
  EXPECT_THAT(started, HasSubstr("directory /\n"));
  EXPECT_THAT(started, HasSubstr("descriptor 3\n"));
  EXPECT_THAT(started, Not(HasSubstr("descriptor 2\ndescriptor 3\n"
                                     "descriptor 2")));
  EXPECT_THAT(started, Not(HasSubstr("descriptor 20")));
}

TEST_F(CliAgentTest, StartingTwiceSaysSo) {
  Ctl({"agent", "start"});
  const Outcome outcome = Ctl({"agent", "start"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, Socket() + "\n");
  EXPECT_THAT(outcome.err, StartsWith("The agent is already running"));
}

TEST_F(CliAgentTest, StopReturnsWhenTheAgentIsGone) {
  Ctl({"agent", "start"});
  const Outcome outcome = Ctl({"agent", "stop", "--json"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("\"was_running\":true"));
  EXPECT_EQ(Ctl({"agent", "status"}).exit_code, 2);
}

TEST_F(CliAgentTest, WhyTheAgentCannotStartIsPassedOn) {
  Write("start", "refuse");
  const Outcome outcome = Ctl({"read", "username"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.err,
            "librettoctl: cannot start the agent: the state folder is not "
            "yours\n  try: chmod 0700 it\n");
}

TEST_F(CliAgentTest, AnAgentThatDiesSilentlyPointsToItsLog) {
  Write("start", "die");
  const Outcome outcome = Ctl({"read", "username"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr(".local/state/libretto/agent.log"));
}

TEST_F(CliAgentTest, AnAgentThatHangsIsGivenUpWithinTwoSeconds) {
  Write("start", "hang");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Ctl({"read", "username"}).exit_code, 2);
  EXPECT_LT(std::chrono::steady_clock::now() - begin,
            std::chrono::milliseconds(kSlow ? 12'500 : 2500));
}

TEST_F(CliAgentTest, AShellWithAnotherRuntimeFolderFindsTheRunningAgent) {
  Ctl({"agent", "start"});
  const std::string first = Read("started");
  environment_ = {"XDG_RUNTIME_DIR=" + PathOf("elsewhere")};
  EXPECT_EQ(Ctl({"read", "username"}).out, "alice\n");
  EXPECT_EQ(Read("started"), first);
}

TEST_F(CliAgentTest, ASocketThatIsNamedIsTheOnlyOne) {
  Ctl({"agent", "start"});
  environment_ = {"LIBRETTO_AGENT_SOCK=" + PathOf("other.sock")};
  EXPECT_EQ(Ctl({"read", "username", "--no-start"}).exit_code, 2);
  const Outcome outcome = Ctl({"read", "username"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("unset LIBRETTO_AGENT_SOCK"));
  environment_.clear();
}

TEST_F(CliAgentTest, ARelativeSocketIsRefused) {
  environment_ = {"LIBRETTO_AGENT_SOCK=agent.sock"};
  const Outcome outcome = Ctl({"read", "username"});
  EXPECT_EQ(outcome.exit_code, 64);
  EXPECT_THAT(outcome.err, HasSubstr("is relative"));
  environment_.clear();
}

TEST_F(CliAgentTest, CommandsThatRaceShareOneAgent) {
  CommandLine line = Line({});
  const std::string read = line.arguments[0] + " read username";
  line.arguments = {"/bin/sh", "-c",
                    read + " & " + read + " & " + read + " & wait"};
  const Outcome outcome = RunOnPipes(line);
  EXPECT_EQ(outcome.out, "alice\nalice\nalice\n") << outcome.err;
}

TEST_F(CliAgentTest, StatusIsATableOrJson) {
  Ctl({"agent", "start"});
  const Outcome table = Ctl({"agent", "status"});
  EXPECT_THAT(table.out, HasSubstr("logged in as casey@example.com"));
  EXPECT_THAT(table.out, HasSubstr("up 1 h 1 min"));
  const Outcome json = Ctl({"agent", "status", "--json"});
  EXPECT_THAT(json.out, StartsWith("{\"version\":\"echo\",\"pid\":"));
  EXPECT_THAT(json.out, HasSubstr("\"session\":\"signed_in\""));
}

TEST_F(CliAgentTest, SyncReportsItsEnd) {
  const Outcome outcome = Ctl({"agent", "sync"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out,
            "In step with the cloud: 5 credentials, 3 fetched, 1 dropped.\n");
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_EQ(Ctl({"agent", "sync", "--json"}).out,
            "{\"known\":5,\"fetched\":3,\"dropped\":1}\n");
}

}  // namespace
}  // namespace libretto::testing
