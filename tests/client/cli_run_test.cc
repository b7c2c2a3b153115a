// `run`: what the command gets, and that nothing else is left of us.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/cli_fixture.h"

namespace libretto::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class CliRunTest : public CliTest {
 protected:
  Outcome Run(std::vector<std::string> options,
              const std::vector<std::string>& command) const {
    options.insert(options.begin(), "run");
    options.emplace_back("--");
    options.insert(options.end(), command.begin(), command.end());
    return Ctl(options);
  }
};

TEST_F(CliRunTest, TheCommandGetsWhatIsNamedAndNothingElse) {
  environment_ = {"OTHER=kept"};
  const Outcome outcome =
      Run({"--credential", " UserName ", "--credential", "libretto://password",
           "--credential", "username"},
          {"env"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("LIBRETTO_CLOUD_USERNAME=alice\n"));
  EXPECT_THAT(outcome.out, HasSubstr("LIBRETTO_CLOUD_PASSWORD=p w\n"));
  EXPECT_THAT(outcome.out, HasSubstr("OTHER=kept\n"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("LIBRETTO_CLOUD_LARGE")));
}

TEST_F(CliRunTest, ArgumentsBehindTheDashesAreTheCommandsOwn) {
  EXPECT_EQ(Run({"--credential", "username"},
                {"printf", "%s|", "--help", "--", "-n", "a b"})
                .out,
            "--help|--|-n|a b|");
}

TEST_F(CliRunTest, TheExitCodeIsTheCommandsOwn) {
  EXPECT_EQ(
      Run({"--credential", "username"}, {"sh", "-c", "exit 42"}).exit_code, 42);
  EXPECT_EQ(Run({"--credential", "username"}, {"sh", "-c", "kill -TERM $$"})
                .exit_code,
            128 + SIGTERM);
}

TEST_F(CliRunTest, FailuresAreToldApartAsInAShell) {
  EXPECT_EQ(Run({"--credential", "username"}, {"no-such-command"}).exit_code,
            127);
  EXPECT_EQ(Run({"--credential", "username"}, {"/etc/passwd"}).exit_code, 126);
  const Outcome missing =
      Run({"--credential", "username", "--credential", "missing"}, {"true"});
  EXPECT_EQ(missing.exit_code, 125);
  EXPECT_THAT(missing.err, HasSubstr("missing"));
  EXPECT_EQ(Run({"--no-start", "--credential", "x"}, {"true"}).exit_code, 125);
}

TEST_F(CliRunTest, ACredentialThatNoEnvironmentCanHoldIsNamed) {
  const Outcome dotted = Run({"--credential", "dotted.name"}, {"true"});
  EXPECT_EQ(dotted.exit_code, 125);
  EXPECT_THAT(dotted.err, HasSubstr("--env VARIABLE=libretto://dotted.name"));
  const Outcome nul = Run({"--credential", "nul"}, {"true"});
  EXPECT_EQ(nul.exit_code, 125);
  EXPECT_THAT(nul.err, HasSubstr("contains a NUL"));
}

TEST_F(CliRunTest, AllSkipsNamesThatNoEnvironmentCanHold) {
  Ctl({"cloud", "credentials", "delete", "nul"});
  const Outcome outcome = Run({"--all"}, {"env"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("LIBRETTO_CLOUD_USERNAME=alice\n"));
  EXPECT_THAT(outcome.out, HasSubstr("LIBRETTO_CLOUD_LARGE=LLL"));
  EXPECT_THAT(outcome.err, HasSubstr("Bad Name, dotted.name\n"));
}

TEST_F(CliRunTest, NothingIsHandedOverUnasked) {
  const Outcome outcome = Run({}, {"env"});
  EXPECT_EQ(outcome.exit_code, 64);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, HasSubstr("--credential NAME -- env"));
}

TEST_F(CliRunTest, TheCommandHasTheDescriptorsThatItWouldHaveHad) {
  Ctl({"agent", "start"});
  const std::vector<std::string> list = {"/bin/ls", "/proc/self/fd"};
  CommandLine plain = Line({});
  plain.arguments = list;
  CommandLine ours =
      Line({"run", "--credential", "username", "--", list[0], list[1]});
  EXPECT_EQ(RunOnPipes(ours).out, RunOnPipes(plain).out);
  plain.prepare = ours.prepare = [] {
    close(STDIN_FILENO);
    fcntl(STDOUT_FILENO, F_DUPFD, 7);
  };
  EXPECT_EQ(RunOnPipes(ours).out, RunOnPipes(plain).out);
}

TEST_F(CliRunTest, SignalsStayAsTheyWere) {
  Ctl({"agent", "start"});
  const std::vector<std::string> show = {"/bin/grep", "-E", "^Sig(Blk|Ign|Cgt)",
                                         "/proc/self/status"};
  CommandLine plain = Line({});
  plain.arguments = show;
  CommandLine ours = Line({"run", "--credential", "username", "--", show[0],
                           show[1], show[2], show[3]});
  plain.prepare = ours.prepare = [] {
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_DFL);
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigprocmask(SIG_BLOCK, &mask, nullptr);
  };
  EXPECT_EQ(RunOnPipes(ours).out, RunOnPipes(plain).out);
}

TEST_F(CliRunTest, TheAgentIsNoChildOfTheCommand) {
  // The command that `run` becomes would get the agent's death to reap.
  const Outcome outcome =
      Run({"--credential", "username"},
          {"sh", "-c", "read -r ids </proc/$$/task/$$/children; echo [$ids]"});
  EXPECT_EQ(outcome.out, "[]\n");
}

}  // namespace
}  // namespace libretto::testing
