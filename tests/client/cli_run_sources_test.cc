// `run`: where the names come from, and which source wins.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/cli_fixture.h"

namespace libretto::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class CliRunSourcesTest : public CliTest {
 protected:
  Outcome Run(std::vector<std::string> options,
              const std::vector<std::string>& command = {"/usr/bin/env"}) {
    options.insert(options.begin(), "run");
    options.emplace_back("--");
    options.insert(options.end(), command.begin(), command.end());
    return Ctl(options);
  }
};

TEST_F(CliRunSourcesTest, AnEnvFileHandsOverReferencesAndSettings) {
  Write("app.env", "WHO=libretto://username\nLEVEL=debug # loud\n");
  const Outcome outcome = Run({"--env-file", PathOf("app.env")});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("WHO=alice\n"), HasSubstr("LEVEL=debug\n"),
                    Not(HasSubstr("PASSWORD"))));
}

TEST_F(CliRunSourcesTest, TheProjectsFileIsFoundFromBelow) {
  Write(".env.libretto", "WHO=libretto://username\n");
  Write("deep/er/.keep", "");
  directory_ = PathOf("deep/er");
  EXPECT_THAT(Run({}).out, HasSubstr("WHO=alice\n"));
}

TEST_F(CliRunSourcesTest, TheProjectsFileStandsBackWhenAnythingIsNamed) {
  Write(".env.libretto", "WHO=libretto://username\n");
  Write("other.env", "OTHER=1\n");
  const std::vector<std::vector<std::string>> naming = {
      {"--credential", "password"},
      {"--env", "P=libretto://password"},
      {"--env-file", PathOf("other.env")}};
  for (const auto& options : naming) {
    const Outcome outcome = Run(options);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, Not(HasSubstr("WHO="))) << options[0];
  }
}

TEST_F(CliRunSourcesTest, AVariableIsNamedByEnv) {
  const Outcome outcome =
      Run({"--env", "DB_DOTS=libretto://dotted.name", "--env",
           "SAME=libretto://username", "--env", "AGAIN=libretto://username"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("DB_DOTS=dots\n"), HasSubstr("SAME=alice\n"),
                    HasSubstr("AGAIN=alice\n")));
}

TEST_F(CliRunSourcesTest, AValueBehindEnvIsRefusedAndNotRepeated) {
  for (const char* wrong : {"TOKEN=s3cret", "s3cret", "=libretto://s3cret",
                            "1X=libretto://s3cret", "TOKEN="}) {
    const Outcome outcome = Run({"--env", wrong});
    EXPECT_EQ(outcome.exit_code, 64) << wrong;
    EXPECT_THAT(outcome.err, HasSubstr("VAR=libretto://NAME")) << wrong;
    EXPECT_THAT(outcome.err, Not(HasSubstr("s3cret"))) << wrong;
  }
  EXPECT_EQ(
      Run({"--env", "A=libretto://username", "--env", "A=libretto://password"})
          .exit_code,
      64);
}

// One variable, five sources; the command line, the caller, the files.
TEST_F(CliRunSourcesTest, TheSourceThatIsNearestToTheCommandWins) {
  Write("first.env", "LIBRETTO_CLOUD_USERNAME=file\nLEVEL=first\n");
  Write("second.env", "LIBRETTO_CLOUD_USERNAME=later\nLEVEL=second\n");
  const std::vector<std::string> files = {"--env-file", PathOf("first.env"),
                                          "--env-file", PathOf("second.env")};
  const auto user = [this](const std::vector<std::string>& options) {
    return Run(options, {"sh", "-c", "echo $LIBRETTO_CLOUD_USERNAME $LEVEL"})
        .out;
  };
  std::vector<std::string> options = files;
  EXPECT_EQ(user(options), "file first\n");
  environment_ = {"LIBRETTO_CLOUD_USERNAME=caller"};
  EXPECT_EQ(user(options), "caller first\n");
  environment_ = {"LIBRETTO_CLOUD_USERNAME="};
  EXPECT_EQ(user(options), "first\n") << "an empty variable is there too";
  options.insert(options.end(), {"--credential", "username"});
  EXPECT_EQ(user(options), "alice first\n");
  options.insert(options.end(),
                 {"--env", "LIBRETTO_CLOUD_USERNAME=libretto://password"});
  EXPECT_EQ(user(options), "p w first\n");
}

TEST_F(CliRunSourcesTest, WhatTheCallerHasIsNotEvenAskedFor) {
  Write("app.env", "WHO=libretto://missing\n");
  environment_ = {"WHO=me"};
  const Outcome outcome = Run({"--env-file", PathOf("app.env")});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("WHO=me\n"));
}

TEST_F(CliRunSourcesTest, PristineIsWhatIsNamedAndNothingElse) {
  Write("app.env", "WHO=libretto://username\nLEVEL=debug\n");
  environment_ = {"WHO=me", "OTHER=x"};
  const Outcome outcome = Run({"--pristine", "--env-file", PathOf("app.env")});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "LEVEL=debug\nWHO=alice\n");
  EXPECT_EQ(Run({"--pristine", "--credential", "username"}, {"env"}).out,
            "LIBRETTO_CLOUD_USERNAME=alice\n")
      << "the command is found in the caller's PATH";
}

TEST_F(CliRunSourcesTest, AMissingOneStopsUnlessItMayBeMissing) {
  Write("app.env", "A=libretto://missing\nB=libretto://username\n");
  const std::vector<std::string> file = {"--env-file", PathOf("app.env")};
  const Outcome stopped = Run(file);
  EXPECT_EQ(stopped.exit_code, 125);
  EXPECT_THAT(stopped.out, IsEmpty());
  EXPECT_THAT(stopped.err, HasSubstr("missing"));
  const Outcome outcome = Run({"--allow-missing", file[0], file[1]});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("B=alice\n"), Not(HasSubstr("\nA="))));
  EXPECT_EQ(outcome.err,
            "librettoctl: going on without what does not exist: missing\n");
  EXPECT_EQ(Run({"--allow-missing", "--credential", "offline"}).exit_code, 125)
      << "unreachable is not missing";
}

TEST_F(CliRunSourcesTest, AFileOfSettingsAloneNeedsNoAgent) {
  Write(".env.libretto", "LEVEL=debug\n");
  const Outcome outcome = Run({"--no-start"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("LEVEL=debug\n"));
}

TEST_F(CliRunSourcesTest, ABadFileIsAFailureBeforeTheCommand) {
  EXPECT_EQ(Run({"--env-file", PathOf("none.env")}).exit_code, 125);
  Write("bad.env", "TOKEN=libretto://a b\n");
  const Outcome outcome = Run({"--env-file", PathOf("bad.env")});
  EXPECT_EQ(outcome.exit_code, 125);
  EXPECT_THAT(outcome.err, HasSubstr("bad.env: TOKEN"));
}

}  // namespace
}  // namespace libretto::testing
