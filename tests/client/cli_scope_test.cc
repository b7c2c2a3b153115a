// `scope`, and the scope that `run` gives a command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/cli_fixture.h"

namespace libretto::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CliScopeTest : public CliTest {
 protected:
  Outcome Run(std::vector<std::string> options,
              const std::vector<std::string>& command) const {
    options.insert(options.begin(), "run");
    options.emplace_back("--");
    options.insert(options.end(), command.begin(), command.end());
    return Ctl(options);
  }
};

TEST_F(CliScopeTest, ItsSocketIsPrintedAsAPathAsLinesAndAsJson) {
  const std::vector<std::string> create = {
      "scope", "create", "--name", "ci", "--allow", "a,libretto://b"};
  EXPECT_EQ(Ctl(create).out, "/scopes/ci+a+b.scope\n");
  std::vector<std::string> with = create;
  with.emplace_back("-s");
  EXPECT_EQ(Ctl(with).out,
            "LIBRETTO_AGENT_SOCK='/scopes/ci+a+b.scope'; export "
            "LIBRETTO_AGENT_SOCK;\n");
  with.back() = "-c";
  EXPECT_EQ(Ctl(with).out,
            "setenv LIBRETTO_AGENT_SOCK '/scopes/ci+a+b.scope';\n");
  with.back() = "--json";
  with.insert(with.end(),
              {"--otp", "c", "--ttl", "2m", "--use-only", "--uid", "4321"});
  EXPECT_EQ(Ctl(with).out,
            R"({"name":"ci","socket":"/scopes/ci+a+b.scope",)"
            R"("allow":["a","b"],"otp":["c"],"use_only":true,)"
            R"("expires_unix_s":4000000120,"pid":null,"uid":4321,)"
            R"("profile":"default","connections":0})"
            "\n");
}

TEST_F(CliScopeTest, TheListSaysWhatEachIs) {
  EXPECT_EQ(Ctl({"scope", "list"}).out, "No scopes.\n");
  Ctl({"scope", "create", "--name", "ci", "--allow", "a", "--otp", "c",
       "--use-only", "--uid", "7"});
  EXPECT_EQ(Ctl({"scope", "list"}).out,
            "ci  a otp:c  use only, uid 7  /scopes/ci+a.scope\n");
  EXPECT_THAT(Ctl({"scope", "list", "--json"}).out,
              HasSubstr(R"({"scopes":[{"name":"ci",)"));
  EXPECT_EQ(Ctl({"scope", "revoke", "ci"}).exit_code, 0);
  EXPECT_EQ(Ctl({"scope", "revoke", "ci"}).exit_code, 5);
}

TEST_F(CliScopeTest, WhatIsNoScopeIsExplained) {
  EXPECT_EQ(Ctl({"scope", "create", "--name", "ci"}).exit_code, 64);
  EXPECT_EQ(Ctl({"scope", "create", "--allow", "a"}).exit_code, 64);
  for (const char* ttl :
       {"", "8", "h", "0h", "-1h", "8 h", "8w", "1e3s", "9999999999s"}) {
    const Outcome outcome =
        Ctl({"scope", "create", "--name", "ci", "--allow", "a", "--ttl", ttl});
    EXPECT_EQ(outcome.exit_code, 64) << ttl << outcome.err;
  }
}

TEST_F(CliScopeTest, ACommandGetsAScopeForWhatIsNamed) {
  environment_ = {"LIBRETTO_AGENT_SOCK=" + PathOf(".libretto/run/agent.sock")};
  const Outcome outcome =
      Run({"--credential", "username", "--env", "X=libretto://password"},
          {"printenv", "LIBRETTO_AGENT_SOCK"});
  EXPECT_EQ(outcome.out, "/scopes/run-1+password+username.scope\n")
      << outcome.err;
}

TEST_F(CliScopeTest, AScopesCommandKeepsTheScope) {
  const std::string socket = PathOf(".libretto/run/agent.sock");
  environment_ = {"LIBRETTO_AGENT_SOCK=" + socket};
  EXPECT_EQ(
      Run({"--credential", "scoped"}, {"printenv", "LIBRETTO_AGENT_SOCK"}).out,
      socket + "\n");
}

TEST_F(CliScopeTest, WithoutAScopeNothingRuns) {
  const Outcome outcome = Run({"--credential", "crowded"}, {"echo", "ran"});
  EXPECT_EQ(outcome.exit_code, 125);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("too many scopes"));
}

TEST_F(CliScopeTest, WhereNothingIsNamedTheMainSocketIsTakenAway) {
  environment_ = {"LIBRETTO_AGENT_SOCK=" + PathOf(".libretto/run/agent.sock")};
  Write("app.env", "LOG_LEVEL=debug\n");
  const std::vector<std::string> options = {"--env-file", PathOf("app.env")};
  EXPECT_THAT(Run(options, {"env"}).out, Not(HasSubstr("LIBRETTO_AGENT_SOCK")));
  EXPECT_EQ(Run({"--pristine", "--credential", "username"}, {"env"}).out,
            "LIBRETTO_CLOUD_USERNAME=alice\n");
  // A scope's is no main one.
  environment_ = {"LIBRETTO_AGENT_SOCK=/scopes/x.scope"};
  EXPECT_THAT(Run(options, {"env"}).out,
              HasSubstr("LIBRETTO_AGENT_SOCK=/scopes/x.scope"));
}

TEST_F(CliScopeTest, WhatMustNotBeShownIsMasked) {
  const Outcome outcome =
      Run({"--credential", "hidden"}, {"printenv", "LIBRETTO_CLOUD_HIDDEN"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "[libretto:hidden]\n");
}

TEST_F(CliScopeTest, NoAgentIsStartedInTheNameOfAScopeThatIsGone) {
  const std::string socket = PathOf("0123456789abcdef.scope");
  environment_ = {"LIBRETTO_AGENT_SOCK=" + socket};
  for (const auto& verb : std::vector<std::vector<std::string>>{
           {"read", "username"},
           {"agent", "start"},
           {"cloud", "credentials", "list"}}) {
    const Outcome outcome = Ctl(verb);
    EXPECT_EQ(outcome.exit_code, 2) << verb[0];
    EXPECT_THAT(outcome.err, HasSubstr("the scope is gone"));
  }
  EXPECT_EQ(Read("started"), "");
}

}  // namespace
}  // namespace libretto::testing
