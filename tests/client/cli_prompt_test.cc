// Questions to a person, on a pseudo-terminal.
#include <signal.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/cli_fixture.h"

namespace libretto::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CliPromptTest : public CliTest {
 protected:
  CliPromptTest() { Ctl({"agent", "start"}); }
};

TEST_F(CliPromptTest, LoginAsksAndShowsNoPassword) {
  OnTerminal login(Line({"cloud", "auth", "login"}));
  ASSERT_TRUE(login.Expect("E-mail: "));
  EXPECT_TRUE(login.Echoes());
  login.Type("casey@example.com\n");
  ASSERT_TRUE(login.Expect("Password: "));
  EXPECT_FALSE(login.Echoes());
  login.Type("right password\n");
  EXPECT_TRUE(login.Expect("Logged in as casey@example.com."));
  EXPECT_EQ(login.Wait(), 0);
  EXPECT_THAT(login.shown(), Not(HasSubstr("right password")));
}

TEST_F(CliPromptTest, ThePasswordLineCanBeEdited) {
  OnTerminal login(Line({"cloud", "auth", "login", "--email", "a@x.test"}));
  ASSERT_TRUE(login.Expect("Password: "));
  login.Type("all wrong\x15right passwordd\x7f\r");
  EXPECT_TRUE(login.Expect("Logged in"));
  EXPECT_EQ(login.Wait(), 0);
}

TEST_F(CliPromptTest, CtrlCAbortsAndRestoresTheEcho) {
  OnTerminal login(Line({"cloud", "auth", "login", "--email", "a@x.test"}));
  ASSERT_TRUE(login.Expect("Password: "));
  login.Type("\x03");
  EXPECT_TRUE(login.Expect("Aborted."));
  EXPECT_TRUE(login.Echoes());
  EXPECT_EQ(login.Wait(), 1);
}

TEST_F(CliPromptTest, EndOfInputAborts) {
  OnTerminal login(Line({"cloud", "auth", "login"}));
  ASSERT_TRUE(login.Expect("E-mail: "));
  login.Type("\x04");
  EXPECT_TRUE(login.Expect("Aborted."));
  EXPECT_EQ(login.Wait(), 1);
}

TEST_F(CliPromptTest, StoppedAndContinuedItAsksAgain) {
  CommandLine line = Line({"cloud", "auth", "login", "--email", "a@x.test"});
  // A session leader is never stopped by its terminal; a job of a shell is.
  line.arguments.insert(line.arguments.begin(),
                        {"/bin/bash", "-mc", "\"$0\" \"$@\"; fg"});
  OnTerminal login(line);
  ASSERT_TRUE(login.Expect("Password: "));
  login.Type("\x1a");
  ASSERT_TRUE(login.Expect("Password: "));
  EXPECT_FALSE(login.Echoes());
  login.Type("right password\n");
  EXPECT_TRUE(login.Expect("Logged in"));
}

TEST_F(CliPromptTest, CreateAsksForTheValueWithoutEcho) {
  OnTerminal create(Line({"cloud", "credentials", "create", "token"}));
  ASSERT_TRUE(create.Expect("Value of token: "));
  EXPECT_FALSE(create.Echoes());
  create.Type("s3cret\n");
  EXPECT_TRUE(create.Expect("Created cloud credential: token"));
  EXPECT_EQ(create.Wait(), 0);
  EXPECT_THAT(create.shown(), Not(HasSubstr("s3cret")));
  EXPECT_EQ(Ctl({"read", "token"}).out, "s3cret\n");
}

TEST_F(CliPromptTest, ALongValueIsNotCutByTheTerminal) {
  const std::string value(20'000, 'v');
  OnTerminal create(Line({"cloud", "credentials", "create", "token"}));
  ASSERT_TRUE(create.Expect("Value of token: "));
  for (std::size_t at = 0; at < value.size(); at += 1000) {
    create.Type(value.substr(at, 1000));
  }
  create.Type("\n");
  EXPECT_TRUE(create.Expect("Created cloud credential: token"));
  EXPECT_EQ(create.Wait(), 0);
  EXPECT_EQ(Ctl({"read", "-n", "token"}).out, value);
}

TEST_F(CliPromptTest, SignupAsksForEverythingAndForATakenSlugAlone) {
  OnTerminal signup(Line({"cloud", "auth", "signup", "--no-wait"}));
  const std::vector<std::pair<std::string, std::string>> talk = {
      {"Name: ", "Casey"},
      {"E-mail: ", "c@x.test"},
      {"Password: ", "long password"},
      {"Organisation: ", "Acme Inc."},
      {"Slug [acme-inc]: ", "taken"},
      {"Alert e-mail [c@x.test]: ", ""},
      {"the slug is taken", ""},
      {"Slug: ", "other"},
  };
  for (const auto& [prompt, answer] : talk) {
    ASSERT_TRUE(signup.Expect(prompt)) << prompt << signup.shown();
    if (prompt.ends_with(": ")) signup.Type(answer + "\n");
  }
  EXPECT_TRUE(
      signup.Expect("Account created. Verification email sent to c@x.test."));
  EXPECT_TRUE(signup.Expect("|Casey|long password|Acme Inc.|c@x.test"));
  EXPECT_EQ(signup.Wait(), 0);
}

TEST_F(CliPromptTest, AcceptInviteAsksForTheAccountThatItNeeds) {
  OnTerminal accept(
      Line({"cloud", "auth", "accept-invite", "acme", "inv1", "--no-wait"}));
  ASSERT_TRUE(accept.Expect("Name: "));
  accept.Type("Mate\n");
  ASSERT_TRUE(accept.Expect("Password: "));
  EXPECT_FALSE(accept.Echoes());
  accept.Type("long password\n");
  EXPECT_TRUE(accept.Expect(
      "Account created. Verification email sent to mate@x.test."));
  EXPECT_TRUE(accept.Expect("|Mate|long password"));
  EXPECT_EQ(accept.Wait(), 0);
}

TEST_F(CliPromptTest, AcceptInviteAsksNothingOfWhoIsLoggedIn) {
  OnTerminal accept(Line({"cloud", "auth", "accept-invite", "acme", "member"}));
  EXPECT_TRUE(
      accept.Expect("Invitation accepted. You're now a member of Acme."));
  EXPECT_EQ(accept.Wait(), 0);
}

TEST_F(CliPromptTest, DeleteAccountShowsWhoAndAsksForTheAddressAgain) {
  OnTerminal wrong(Line({"cloud", "auth", "delete-account"}));
  ASSERT_TRUE(wrong.Expect(
      "This deletes the account casey@example.com at http://127.0.0.1:8080 "
      "for good."));
  ASSERT_TRUE(wrong.Expect("Type the address again to confirm: "));
  wrong.Type("yes\n");
  EXPECT_TRUE(wrong.Expect("nothing has been deleted"));
  EXPECT_EQ(wrong.Wait(), 64);
  EXPECT_THAT(Read("callers"), Not(HasSubstr("DeleteAccount")));

  OnTerminal right(Line({"cloud", "auth", "delete-account"}));
  ASSERT_TRUE(right.Expect("Type the address again to confirm: "));
  right.Type("casey@example.com\n");
  EXPECT_TRUE(right.Expect("Account casey@example.com deleted."));
  EXPECT_EQ(right.Wait(), 0);
}

TEST_F(CliPromptTest, ForgotPasswordAndIssueAskForWhatIsMissing) {
  OnTerminal forgot(Line({"cloud", "auth", "forgot-password"}));
  ASSERT_TRUE(forgot.Expect("E-mail: "));
  forgot.Type("casey@example.com\n");
  EXPECT_TRUE(forgot.Expect("Password reset link sent to casey@example.com."));
  EXPECT_EQ(forgot.Wait(), 0);

  OnTerminal issue(Line({"cloud", "auth", "api-key", "issue"}));
  ASSERT_TRUE(issue.Expect("Label: "));
  issue.Type("ci\n");
  EXPECT_TRUE(issue.Expect("the-raw-key"));
  EXPECT_EQ(issue.Wait(), 0);
}

TEST_F(CliPromptTest, BrowserLoginShowsALifeSignAndEndsAtCtrlC) {
  OnTerminal login(
      Line({"cloud", "auth", "login", "--browser", "--profile", "patient"}));
  ASSERT_TRUE(login.Expect("Ctrl-C stops"));
  ASSERT_TRUE(login.Expect(".."));
  login.Type("\x03");
  EXPECT_EQ(login.Wait(), 128 + SIGINT);
  // Stopping waits for every call to end.
  Ctl({"agent", "stop"});
  EXPECT_THAT(Read("callers"), HasSubstr("BrowserLoginCancelled"));
}

TEST_F(CliPromptTest, PromptsStayOutOfStandardOutput) {
  CommandLine line = Line({"cloud", "auth", "login", "--email", "a@x.test"});
  line.arguments.insert(line.arguments.begin(),
                        {"/bin/sh", "-c", "\"$0\" \"$@\" >" + PathOf("out")});
  OnTerminal login(line);
  ASSERT_TRUE(login.Expect("Password: "));
  login.Type("right password\n");
  EXPECT_EQ(login.Wait(), 0);
  EXPECT_EQ(Read("out"), "Logged in as a@x.test.\n");
}

TEST_F(CliPromptTest, ColourNeedsATerminalAndNoColorUnset) {
  OnTerminal coloured(Line({"read", "missing"}));
  EXPECT_EQ(coloured.Wait(), 5);
  EXPECT_THAT(coloured.shown(), HasSubstr("\x1b[1mlibrettoctl:\x1b[0m"));
  environment_ = {"NO_COLOR=1"};
  OnTerminal plain(Line({"read", "missing"}));
  EXPECT_EQ(plain.Wait(), 5);
  EXPECT_THAT(plain.shown(), Not(HasSubstr("\x1b")));
}

TEST_F(CliPromptTest, SyncShowsABarOnATerminal) {
  OnTerminal sync(Line({"agent", "sync"}));
  EXPECT_TRUE(sync.Expect("3/3"));
  EXPECT_TRUE(sync.Expect("In step with the cloud"));
  EXPECT_EQ(sync.Wait(), 0);
}

}  // namespace
}  // namespace libretto::testing
