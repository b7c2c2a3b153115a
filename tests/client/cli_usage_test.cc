// The command line itself: help, mistakes, and what every verb has in common.
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

class CliUsageTest : public CliTest {};

const std::vector<std::vector<std::string>> kVerbs = {
    {"cloud", "auth", "signup"},
    {"cloud", "auth", "login"},
    {"cloud", "auth", "logout"},
    {"cloud", "auth", "whoami"},
    {"cloud", "auth", "forgot-password"},
    {"cloud", "auth", "invite"},
    {"cloud", "auth", "accept-invite"},
    {"cloud", "auth", "delete-account"},
    {"cloud", "auth", "api-key", "issue"},
    {"cloud", "auth", "api-key", "list"},
    {"cloud", "auth", "api-key", "revoke"},
    {"cloud", "credentials", "create"},
    {"cloud", "credentials", "list"},
    {"cloud", "credentials", "get"},
    {"cloud", "credentials", "update"},
    {"cloud", "credentials", "delete"},
    {"cloud", "credentials", "push"},
    {"agent", "start"},
    {"agent", "stop"},
    {"agent", "status"},
    {"agent", "sync"},
    {"read"},
    {"inject"},
    {"env"},
    {"import"},
    {"run"},
    {"help", "exit-codes"}};

TEST_F(CliUsageTest, EveryVerbExplainsItselfWithAnExample) {
  for (std::vector<std::string> verb : kVerbs) {
    verb.emplace_back("--help");
    const Outcome outcome = Ctl(verb);
    EXPECT_EQ(outcome.exit_code, 0) << verb.back();
    EXPECT_THAT(outcome.out, HasSubstr("Example: librettoctl " + verb[0]));
    EXPECT_THAT(outcome.err, IsEmpty());
  }
}

TEST_F(CliUsageTest, HelpListsEveryVerb) {
  const Outcome outcome = Ctl({"--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  for (const std::vector<std::string>& verb : kVerbs) {
    EXPECT_THAT(outcome.out, HasSubstr(verb.back()));
  }
  EXPECT_EQ(Ctl({"help"}).out, outcome.out);
}

TEST_F(CliUsageTest, NothingAtAllIsAUsageError) {
  const Outcome outcome = Ctl({});
  EXPECT_EQ(outcome.exit_code, 64);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, StartsWith("Usage: librettoctl"));
}

TEST_F(CliUsageTest, VersionIsOneLine) {
  const Outcome outcome = Ctl({"--version"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, ::testing::MatchesRegex("librettoctl [0-9.]+\n"));
}

TEST_F(CliUsageTest, AnUnknownVerbIsNamedAndTheNearestSuggested) {
  const Outcome outcome = Ctl({"cloud", "credentials", "craete"});
  EXPECT_EQ(outcome.exit_code, 64);
  EXPECT_EQ(outcome.err,
            "librettoctl: there is no verb \"craete\" under cloud "
            "credentials\n"
            "  try: librettoctl cloud credentials create\n");
}

TEST_F(CliUsageTest, AnUnknownVerbThatIsNearNothingLeadsToHelp) {
  const Outcome outcome = Ctl({"frobnicate\x1b[31m"});
  EXPECT_EQ(outcome.exit_code, 64);
  EXPECT_THAT(outcome.err, HasSubstr("try: librettoctl --help"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("\x1b")));
}

TEST_F(CliUsageTest, MistakesInArgumentsAreUsageErrors) {
  const std::vector<std::vector<std::string>> lines = {
      {"read"},
      {"read", "a", "b"},
      {"read", "libretto://"},
      {"read", "a", "--frobnicate"},
      {"inject", "--json"},
      {"env", "--format=zsh"},
      {"import"},
      {"--frobnicate"},
      {"cloud", "auth", "login", "--browser", "--email", "a@x.test"},
      {"cloud", "auth", "login", "--no-open"},
      {"cloud", "auth", "signup", "--browser", "--slug", "s"},
      {"cloud", "auth", "invite"},
      {"cloud", "auth", "invite", "a@x.test", "--role", "king"},
      {"cloud", "auth", "accept-invite", "acme"},
      {"cloud", "auth", "delete-account", "--yes"},
      {"cloud", "auth", "delete-account", "--email", "a@x.test"},
      {"cloud", "auth", "api-key", "revoke"},
      {"cloud", "credentials", "create"},
      {"cloud", "credentials", "create", "bad name", "--value-stdin"},
      {"cloud", "credentials", "create", "api_key", "--value-stdin"},
      {"cloud", "credentials", "create", "a", "--value-stdin", "--value-file",
       "f"},
      {"cloud", "credentials", "update", "a", "--name", "bad name"},
      {"run"},
      {"run", "true"},
      {"run", "--", "true"},
      {"run", "--credential", "username"},
      {"run", "--credential", "username", "--"},
      {"run", "--credential", "username", "--all", "--", "true"},
      {"run", "--credential", "bad name", "--", "true"}};
  for (const std::vector<std::string>& line : lines) {
    const Outcome outcome = Ctl(line, "value");
    EXPECT_EQ(outcome.exit_code, 64) << ::testing::PrintToString(line);
    EXPECT_THAT(outcome.err, StartsWith("librettoctl: "));
    EXPECT_THAT(outcome.out, IsEmpty());
  }
  EXPECT_THAT(Read("started"), IsEmpty()) << "no agent is needed for that";
}

TEST_F(CliUsageTest, AValueIsNeverAnArgument) {
  const Outcome outcome =
      Ctl({"cloud", "credentials", "create", "name", "s3cret"});
  EXPECT_EQ(outcome.exit_code, 64);
  EXPECT_THAT(outcome.err, HasSubstr("a value is never an argument"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("s3cret")));
}

TEST_F(CliUsageTest, SharedOptionsStandBeforeOrBehindTheVerb) {
  const std::string behind =
      Ctl({"cloud", "credentials", "list", "--json"}).out;
  EXPECT_THAT(behind, StartsWith("{\"credentials\":["));
  EXPECT_EQ(Ctl({"--json", "cloud", "credentials", "list"}).out, behind);
  EXPECT_EQ(Ctl({"cloud", "--json", "--no-start", "credentials", "list"}).out,
            behind);
  EXPECT_EQ(Ctl({"--profile", "work", "cloud", "--profile=work", "credentials",
                 "list", "--json"})
                .exit_code,
            64)
      << "twice";
  EXPECT_EQ(
      Ctl({"--profile", "read", "cloud", "credentials", "list", "--json"}).out,
      behind);
}

TEST_F(CliUsageTest, WithoutATerminalThePromptsNameTheirFlags) {
  const struct {
    std::vector<std::string> line;
    const char* flag;
  } rows[] = {
      {{"cloud", "auth", "login"}, "--email"},
      {{"cloud", "auth", "login", "--email", "a@b"}, "--password-stdin"},
      {{"cloud", "auth", "signup"}, "--name"},
      {{"cloud", "auth", "signup", "--name", "n"}, "--email"},
      {{"cloud", "auth", "signup", "--name", "n", "--email", "a@b"},
       "--password-stdin"},
      {{"cloud", "auth", "signup", "--name", "n", "--email", "a@b",
        "--password-stdin"},
       "--organization"},
      {{"cloud", "auth", "forgot-password"}, "--email"},
      {{"cloud", "auth", "accept-invite", "acme", "i"}, "--name"},
      {{"cloud", "auth", "accept-invite", "acme", "i", "--name", "n"},
       "--password-stdin"},
      {{"cloud", "auth", "delete-account"}, "--email ADDRESS --yes"},
      {{"cloud", "auth", "api-key", "issue"}, "--label"},
      {{"cloud", "credentials", "create", "n"}, "--value-stdin"},
      {{"cloud", "credentials", "update", "n"}, "--value-stdin"},
  };
  for (const auto& row : rows) {
    const Outcome outcome = Ctl(row.line, "something");
    EXPECT_EQ(outcome.exit_code, 64) << row.flag;
    EXPECT_THAT(outcome.err, HasSubstr(row.flag));
  }
}

TEST_F(CliUsageTest, ClosedDescriptorsAreAnErrorAndNoConfusion) {
  CommandLine line = Line({"--no-start", "read", "username"});
  line.prepare = [] {
    for (int fd = 0; fd < 3; ++fd) close(fd);
  };
  EXPECT_EQ(RunOnPipes(line).exit_code, 2);

  Ctl({"agent", "start"});
  line = Line({"read", "username"});
  line.prepare = [] { close(STDOUT_FILENO); };
  const Outcome outcome = RunOnPipes(line);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("cannot write standard output"));

  line = Line({"cloud", "credentials", "create", "n", "--value-stdin"});
  line.prepare = [] { close(STDIN_FILENO); };
  EXPECT_THAT(RunOnPipes(line).err, HasSubstr("cannot read standard input"));
}

TEST_F(CliUsageTest, AFullDiskIsNoSuccess) {
  CommandLine line = Line({"--version"});
  line.arguments = {"/bin/sh", "-c",
                    line.arguments[0] + " --version >/dev/full"};
  const Outcome outcome = RunOnPipes(line);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("cannot write standard output"));
}

TEST_F(CliUsageTest, HelpExitCodesPrintsTheTable) {
  EXPECT_THAT(Ctl({"help", "exit-codes"}).out,
              HasSubstr("6    the cloud is unreachable"));
  EXPECT_THAT(Ctl({"help", "exit-codes", "--json"}).out,
              StartsWith("[{\"code\":0,"));
}

TEST_F(CliUsageTest, WithoutHomeItSaysWhatToType) {
  CommandLine line = Line({"read", "username"});
  line.environment = {};
  const Outcome outcome = RunOnPipes(line);
  EXPECT_EQ(outcome.exit_code, 64);
  EXPECT_THAT(outcome.err, HasSubstr("HOME"));
}

}  // namespace
}  // namespace libretto::testing
