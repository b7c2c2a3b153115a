// The verbs that read and change credentials and accounts, from scripts.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/cli_fixture.h"

namespace libretto::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class CliCredentialsTest : public CliTest {
 protected:
  Outcome Credentials(std::vector<std::string> arguments,
                      const std::string& input = {}) const {
    arguments.insert(arguments.begin(), {"cloud", "credentials"});
    return Ctl(arguments, input);
  }
};

TEST_F(CliCredentialsTest, ReadPrintsTheValueAndANewline) {
  EXPECT_EQ(Ctl({"read", "libretto://password"}).out, "p w\n");
  EXPECT_EQ(Ctl({"read", "password"}).out, "p w\n");
  EXPECT_EQ(Ctl({"read", "-n", "password"}).out, "p w");
  EXPECT_EQ(Credentials({"get", "password"}).out, "p w\n");
}

TEST_F(CliCredentialsTest, ReadPassesEveryByteUnchanged) {
  EXPECT_EQ(Ctl({"read", "-n", "nul"}).out, std::string("a\0b", 3));
  EXPECT_EQ(Ctl({"read", "-n", "binary"}).out, "\xff");
  EXPECT_EQ(Ctl({"read", "-n", "large"}).out, std::string(64 << 10, 'L'));
}

TEST_F(CliCredentialsTest, JsonHasTheValueAndWhereItCameFrom) {
  EXPECT_EQ(Credentials({"get", "password", "--json"}).out,
            "{\"name\":\"password\",\"value\":\"p w\",\"source\":\"memory\","
            "\"age_ms\":90000,\"generation\":1}\n");
  const Outcome binary = Credentials({"get", "binary", "--json"});
  EXPECT_EQ(binary.exit_code, 64);
  EXPECT_THAT(binary.out, IsEmpty());
}

TEST_F(CliCredentialsTest, AOneTimeCodeIsAskedForByFlagOrByReference) {
  EXPECT_EQ(Ctl({"read", "seed", "--otp"}).out, "123456\n");
  EXPECT_EQ(Ctl({"read", "-n", "libretto://seed?attribute=otp"}).out, "123456");
  EXPECT_EQ(Ctl({"read", "libretto://seed"}).out, "JBSWY3DPEHPK3PXP\n");
  const Outcome outcome = Ctl({"read", "password", "--otp"});
  EXPECT_EQ(outcome.exit_code, 64);
  EXPECT_EQ(outcome.err, "librettoctl: its value is no seed\n");
  const Outcome other = Ctl({"read", "libretto://seed?attribute=secret"});
  EXPECT_EQ(other.exit_code, 64);
  EXPECT_THAT(other.err, HasSubstr("can only be ?attribute=otp"));
}

TEST_F(CliCredentialsTest, AnOutFileIsForItsOwnerAlone) {
  Write("out", "before");
  const Outcome outcome =
      Ctl({"read", "password", "--out-file", PathOf("out")});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_EQ(Read("out"), "p w\n");
  EXPECT_EQ(std::filesystem::status(PathOf("out")).permissions(),
            std::filesystem::perms(0600));
  Ctl({"read", "-n", "password", "--out-file", PathOf("new")});
  EXPECT_EQ(Read("new"), "p w");
}

TEST_F(CliCredentialsTest, AnOutFileStaysAsItWasWhenThereIsNothingToWrite) {
  Write("out", "before");
  EXPECT_EQ(Ctl({"read", "missing", "--out-file", PathOf("out")}).exit_code, 5);
  EXPECT_EQ(Read("out"), "before");
  std::filesystem::create_symlink(PathOf("out"), PathOf("link"));
  EXPECT_EQ(Ctl({"read", "password", "--out-file", PathOf("link")}).exit_code,
            64);
  EXPECT_EQ(Read("out"), "before");
  const Outcome unset = Ctl({"read", "password", "--out-file", ""});
  EXPECT_NE(unset.exit_code, 0);
  EXPECT_THAT(unset.out, IsEmpty());
}

TEST_F(CliCredentialsTest, AStaleValueIsPrintedAndSaidToBe) {
  const Outcome outcome = Ctl({"read", "old"});
  EXPECT_EQ(outcome.out, "stale value\n");
  EXPECT_THAT(outcome.err, HasSubstr("confirmed 1 min 30 s ago"));
}

TEST_F(CliCredentialsTest, WhatIsAcceptedIsSaidToTheAgent) {
  EXPECT_THAT(Ctl({"read", "username", "--json", "--max-age", "5m"}).out,
              HasSubstr("\"age_ms\":300000,"));
  EXPECT_THAT(Ctl({"read", "username", "--json", "--fresh"}).out,
              HasSubstr("\"source\":\"cloud\""));
  for (const char* verb : {"run", "env"}) {
    std::vector<std::string> arguments = {verb, "--max-age", "soon",
                                          "--credential", "username"};
    if (std::string(verb) == "run") {
      arguments.insert(arguments.end(), {"--", "true"});
    }
    const Outcome outcome = Ctl(arguments);
    EXPECT_EQ(outcome.exit_code, 64) << verb;
    EXPECT_THAT(outcome.err, HasSubstr("--max-age takes"));
  }
}

TEST_F(CliCredentialsTest, ManyStaleValuesAreOneLine) {
  // `env` starts no agent.
  ASSERT_EQ(Ctl({"agent", "start"}).exit_code, 0);
  const Outcome outcome = Ctl({"env", "--credential", "old", "--credential",
                               "username", "--format", "json"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err,
            "librettoctl: stale: the cloud cannot be asked; old was confirmed "
            "1 min 30 s ago\n");
}

TEST_F(CliCredentialsTest, EveryFailureHasItsExitCodeAndNothingOnStdout) {
  const struct {
    const char* name;
    int exit_code;
  } rows[] = {{"denied", 3},  {"locked", 4}, {"nobody", 4},    {"missing", 5},
              {"offline", 6}, {"slow", 6},   {"throttled", 7}, {"corrupt", 1}};
  for (const auto& row : rows) {
    const Outcome outcome = Ctl({"read", row.name});
    EXPECT_EQ(outcome.exit_code, row.exit_code) << row.name;
    EXPECT_THAT(outcome.out, IsEmpty());
  }
}

TEST_F(CliCredentialsTest, AFailureShowsItsRemedy) {
  EXPECT_EQ(Ctl({"read", "nobody"}).err,
            "librettoctl: nobody is logged in\n"
            "  try: librettoctl cloud auth login\n");
}

TEST_F(CliCredentialsTest, AHostileMessageCannotReachTheTerminal) {
  const Outcome outcome = Ctl({"read", "hostile"});
  EXPECT_EQ(outcome.err, "librettoctl: \\x1b[31mred\\x0aline two\n");
}

TEST_F(CliCredentialsTest, ListShowsMarks) {
  const Outcome outcome = Credentials({"list"});
  EXPECT_THAT(outcome.out, HasSubstr("username     2026-01-02T00:00:00.000Z  "
                                     "cached\n"));
  EXPECT_THAT(outcome.out, HasSubstr("breaks the name rule"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("alice")));
  EXPECT_THAT(Credentials({"list", "--json"}).out,
              HasSubstr("\"name\":\"Bad Name\",\"created_at\":\"2026-01-01T00:"
                        "00:00.000Z\",\"updated_at\":\"2026-01-02T00:00:00."
                        "000Z\",\"follows_rule\":false,\"cached\":false}"));
}

TEST_F(CliCredentialsTest, CreateTakesTheValueFromStandardInputOrAFile) {
  EXPECT_EQ(
      Credentials({"create", " New_One ", "--value-stdin"}, "line\n\n").out,
      "Created cloud credential: new_one\n");
  EXPECT_EQ(Ctl({"read", "-n", "new_one"}).out, "line\n");
  Write("value", "from file\n");
  EXPECT_EQ(
      Credentials({"create", "two", "--value-file", PathOf("value"), "--json"})
          .out,
      "{\"id\":\"id-of-two\",\"name\":\"two\"}\n");
  EXPECT_EQ(Ctl({"read", "-n", "two"}).out, "from file");
}

TEST_F(CliCredentialsTest, ValuesOutsideTheLimitsAreRefused) {
  const std::string limit(64 << 10, 'v');
  EXPECT_EQ(Credentials({"create", "a", "--value-stdin"}, "").exit_code, 64);
  EXPECT_EQ(Credentials({"create", "a", "--value-stdin"}, "\n").exit_code, 64);
  Write("value", limit);
  EXPECT_EQ(
      Credentials({"create", "a", "--value-file", PathOf("value")}).exit_code,
      0);
  Write("value", limit + "v");
  EXPECT_EQ(
      Credentials({"create", "b", "--value-file", PathOf("value")}).exit_code,
      64);
  EXPECT_EQ(
      Credentials({"create", "b", "--value-file", PathOf("none")}).exit_code,
      5);
}

TEST_F(CliCredentialsTest, ATakenNameIsNotOverwritten) {
  const Outcome outcome =
      Credentials({"create", "username", "--value-stdin"}, "x");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(Ctl({"read", "username"}).out, "alice\n");
}

TEST_F(CliCredentialsTest, UpdateChangesTheValueTheNameOrBoth) {
  Credentials({"update", "username", "--value-stdin"}, "bob");
  EXPECT_EQ(Ctl({"read", "username"}).out, "bob\n");
  EXPECT_EQ(Credentials({"update", "username", "--name", "user"}).out,
            "Updated cloud credential: user\n");
  EXPECT_EQ(Ctl({"read", "user"}).out, "bob\n");
  Credentials({"update", "user", "--name", "u", "--value-stdin"}, "eve");
  EXPECT_EQ(Ctl({"read", "u"}).out, "eve\n");
  EXPECT_EQ(Credentials({"update", "none", "--name", "x"}).exit_code, 5);
}

TEST_F(CliCredentialsTest, DeleteReachesANameThatBreaksTheRule) {
  EXPECT_EQ(Credentials({"delete", "Bad Name"}).out,
            "Deleted cloud credential: Bad Name\n");
  EXPECT_EQ(Credentials({"delete", "Bad Name"}).exit_code, 5);
}

TEST_F(CliCredentialsTest, PushStoresWhatTheEnvironmentAndDotenvHold) {
  Write(".env", "LIBRETTO_CLOUD_USERNAME=dave\nLIBRETTO_CLOUD_B=file\n");
  environment_ = {"LIBRETTO_CLOUD_A= v "};
  EXPECT_EQ(Credentials({"push"}).out,
            "Created cloud credential: a\n"
            "Created cloud credential: b\n"
            "Updated cloud credential: username\n"
            "Pushed 3 cloud credential(s) (2 created, 1 updated).\n");
  EXPECT_EQ(Ctl({"read", "a"}).out, " v \n");
  EXPECT_THAT(Credentials({"push", "--json"}).out,
              HasSubstr("\"created\":0,\"updated\":3}"));
}

TEST_F(CliCredentialsTest, PushStopsAtTheFirstErrorAndNamesIt) {
  environment_ = {"LIBRETTO_CLOUD_A=1", "LIBRETTO_CLOUD_DENIED=2",
                  "LIBRETTO_CLOUD_Z=3"};
  const Outcome outcome = Credentials({"push"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(outcome.out, "Created cloud credential: a\n");
  EXPECT_EQ(outcome.err, "librettoctl: denied: policy says no\n");
  EXPECT_EQ(Ctl({"read", "z"}).exit_code, 5);
}

TEST_F(CliCredentialsTest, PushWithNothingToPushSaysSo) {
  const Outcome outcome = Credentials({"push"});
  EXPECT_EQ(outcome.exit_code, 5);
  EXPECT_THAT(outcome.err, HasSubstr("LIBRETTO_CLOUD_"));
}

}  // namespace
}  // namespace libretto::testing
