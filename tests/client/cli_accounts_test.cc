// The verbs under `cloud auth`, without a terminal, and on whose behalf a call
// is made.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/unique_fd.h"
#include "tests/client/cli_fixture.h"

namespace libretto::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kQuery =
    "/signin?cliLoginId=the%20id&cliLoginSecret=s3%2Fcret";

class CliAccountsTest : public CliTest {
 protected:
  // What the last account call said of its caller.
  std::string LastCaller() const {
    const std::string all = Read("callers");
    const std::size_t before = all.rfind('\n', all.size() - 2);
    return all.substr(before == std::string::npos ? 0 : before + 1);
  }

  // Open for both ways, so that opening it waits for nobody.
  UniqueFd OpenFifo(const std::string& name) const {
    EXPECT_EQ(mkfifo(PathOf(name).c_str(), 0600), 0);
    return UniqueFd(open(PathOf(name).c_str(), O_RDWR | O_CLOEXEC));
  }

  // Where `login --browser` sends the person.
  std::string BrowserPage() const {
    return Ctl({"cloud", "auth", "login", "--browser"}).err;
  }
};

TEST_F(CliAccountsTest, ACallSaysWhatTheCallersEnvironmentSays) {
  environment_ = {"LIBRETTO_PROFILE= work ", "LIBRETTO_API_URL=\thttp://c ",
                  "LIBRETTO_API_KEY= k3y\n"};
  EXPECT_EQ(Ctl({"cloud", "auth", "whoami"}).exit_code, 0);
  EXPECT_EQ(LastCaller(), "WhoAmI profile=work url=http://c key=k3y\n");
  Ctl({"--profile", "home", "cloud", "auth", "whoami"});
  EXPECT_EQ(LastCaller(), "WhoAmI profile=home url=http://c key=k3y\n");
  environment_ = {"LIBRETTO_API_URL= ", "LIBRETTO_API_KEY="};
  Ctl({"cloud", "auth", "whoami"});
  EXPECT_EQ(LastCaller(), "WhoAmI profile= url= key=\n");
}

TEST_F(CliAccountsTest, AnAgentStartedByTheWayInheritsNothingOfTheCaller) {
  environment_ = {"LIBRETTO_PROFILE=work", "LIBRETTO_API_URL=http://c",
                  "LIBRETTO_API_KEY=k3y", "LIBRETTO_WEBSITE_URL=http://w"};
  EXPECT_EQ(Ctl({"cloud", "auth", "whoami"}).exit_code, 0);
  const std::string started = Read("started");
  EXPECT_THAT(started, HasSubstr("environment HOME="));
  for (const char* const name : {"PROFILE", "API_URL", "API_KEY", "WEBSITE"}) {
    EXPECT_THAT(started, Not(HasSubstr(name)));
  }
}

TEST_F(CliAccountsTest, AKeyHasNoPartInMakingAndEndingALogin) {
  environment_ = {"LIBRETTO_API_KEY=k3y"};
  const std::vector<std::vector<std::string>> lines = {
      {"login", "--email", "a@x.test", "--password-stdin"},
      {"login", "--browser"},
      {"logout"},
      {"forgot-password", "--email", "a@x.test"},
      {"signup", "--name", "n", "--email", "a@x.test", "--organization", "o",
       "--password-stdin", "--no-wait"}};
  for (std::vector<std::string> line : lines) {
    line.insert(line.begin(), {"cloud", "auth"});
    EXPECT_EQ(Ctl(line, "right password").exit_code, 0) << line[2];
    EXPECT_THAT(LastCaller(), EndsWith(" key=\n")) << line[2];
  }
  EXPECT_THAT(
      Ctl({"cloud", "auth", "login", "--email", "a@x.test", "--password-stdin"},
          "right password")
          .err,
      HasSubstr("LIBRETTO_API_KEY is set here"));
}

TEST_F(CliAccountsTest, WhoAmISaysWhoseKeyItIs) {
  environment_ = {"LIBRETTO_API_KEY=k3y"};
  EXPECT_THAT(Ctl({"cloud", "auth", "whoami"}).out,
              HasSubstr("LIBRETTO_API_KEY of this command's environment"));
  EXPECT_THAT(Ctl({"cloud", "auth", "whoami", "--json"}).out,
              HasSubstr("\"source\":\"LIBRETTO_API_KEY\""));
}

TEST_F(CliAccountsTest, AWrongPasswordIsSaidPlainly) {
  const Outcome outcome =
      Ctl({"cloud", "auth", "login", "--email", "a@x.test", "--password-stdin"},
          "wrong");
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_EQ(outcome.err,
            "librettoctl: the e-mail address or the password is wrong\n"
            "  try: librettoctl cloud auth forgot-password, if it is lost\n");
}

TEST_F(CliAccountsTest, LoginTakesThePasswordFromStandardInput) {
  EXPECT_EQ(Ctl({"cloud", "auth", "login", "--email", "casey@example.com",
                 "--password-stdin"},
                "right password\n")
                .out,
            "Logged in as casey@example.com.\n");
}

TEST_F(CliAccountsTest, AnUnverifiedLoginSaysThatTheMailWasSentAgain) {
  const Outcome outcome = Ctl(
      {"cloud", "auth", "login", "--email", "new@x.test", "--password-stdin"},
      "right password");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("Verification email sent to new@x.test"));
}

TEST_F(CliAccountsTest, SignupFillsInWhatHasADefault) {
  const Outcome outcome =
      Ctl({"cloud", "auth", "signup", "--name", "Casey", "--email", "c@x.test",
           "--password-stdin", "--organization", "Acme Inc.", "--no-wait",
           "--json"},
          "long password\n");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "{\"email\":\"c@x.test\",\"organization_slug\":\"acme-inc\","
            "\"email_verified\":false,\"session_file\":"
            "\"|Casey|long password|Acme Inc.|c@x.test\"}\n");
}

TEST_F(CliAccountsTest, ATakenSlugNamesTheFlag) {
  const Outcome outcome =
      Ctl({"cloud", "auth", "signup", "--name", "Casey", "--email", "c@x.test",
           "--password-stdin", "--organization", "Acme", "--slug", "taken"},
          "long password\n");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("--slug"));
}

TEST_F(CliAccountsTest, LogoutSaysWhatCouldNotBeRevoked) {
  const Outcome outcome = Ctl({"cloud", "auth", "logout"});
  EXPECT_EQ(outcome.out, "Logged out.\n");
  EXPECT_EQ(outcome.err,
            "Not revoked: the API key: the cloud is unreachable\n");
}

TEST_F(CliAccountsTest, WhoAmIAsksTheCloudUnlessToldNotTo) {
  EXPECT_THAT(Ctl({"cloud", "auth", "whoami"}).out,
              HasSubstr("yes, the cloud agrees"));
  const Outcome json = Ctl({"cloud", "auth", "whoami", "--json", "--offline"});
  EXPECT_THAT(json.out, HasSubstr("\"source\":\"session\""));
  EXPECT_THAT(json.out, HasSubstr("\"checked\":false}"));
}

TEST_F(CliAccountsTest, AnAddressThatIsTakenLeadsToWhatHelps) {
  const Outcome outcome =
      Ctl({"cloud", "auth", "signup", "--name", "n", "--email", "taken@x.test",
           "--organization", "o", "--password-stdin", "--no-wait"},
          "long password");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("the address is taken"));
  EXPECT_THAT(outcome.err, HasSubstr("delete-account"));
}

TEST_F(CliAccountsTest, BrowserLoginPrintsThePageAndWhoLoggedIn) {
  const Outcome outcome = Ctl({"cloud", "auth", "login", "--browser"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, "Logged in as casey@example.com.\n");
  EXPECT_THAT(outcome.err, HasSubstr("https://libretto.sh" + kQuery + "\n"));
  EXPECT_EQ(Ctl({"cloud", "auth", "login", "--browser", "--json"}).out,
            "{\"email\":\"casey@example.com\",\"email_verified\":true,"
            "\"session_file\":\"/session\"}\n");
}

TEST_F(CliAccountsTest, BrowserSignupOpensTheSamePageInItsOtherMode) {
  const Outcome outcome = Ctl({"cloud", "auth", "signup", "--browser"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr(kQuery + "&mode=signup\n"));
}

TEST_F(CliAccountsTest, ALoginThatNobodyApprovesFails) {
  const Outcome outcome =
      Ctl({"cloud", "auth", "login", "--browser", "--profile", "forgotten"});
  EXPECT_EQ(outcome.exit_code, 6);
  EXPECT_THAT(outcome.err, HasSubstr("nobody has approved the login"));
  EXPECT_THAT(outcome.out, IsEmpty());
}

TEST_F(CliAccountsTest, ThePageIsWhereTheCloudHasItsPages) {
  const struct {
    const char* website;
    const char* cloud;
    const char* page;
  } rows[] = {
      {"", "", "https://libretto.sh"},
      {"", "https://api.libretto.sh", "https://libretto.sh"},
      {"", "https://api.libretto.sh/", "https://libretto.sh"},
      {"", "http://127.0.0.1:8787", "http://127.0.0.1:8787"},
      {"", "https://own.example/api", "https://own.example"},
      {" http://h:1/web/x?y#z ", "http://127.0.0.1:8787", "http://h:1"},
  };
  for (const auto& row : rows) {
    environment_ = {std::string("LIBRETTO_WEBSITE_URL=") + row.website,
                    std::string("LIBRETTO_API_URL=") + row.cloud};
    EXPECT_THAT(BrowserPage(), HasSubstr(" " + (row.page + kQuery)));
  }
}

TEST_F(CliAccountsTest, AWebsiteThatIsNoneIsAUsageError) {
  for (const char* const website :
       {"libretto.sh", "file:///etc", "http://", "http://a\x1b[31m"}) {
    environment_ = {std::string("LIBRETTO_WEBSITE_URL=") + website};
    const Outcome outcome = Ctl({"cloud", "auth", "login", "--browser"});
    EXPECT_EQ(outcome.exit_code, 64) << website;
    EXPECT_THAT(outcome.err, HasSubstr("LIBRETTO_WEBSITE_URL"));
    EXPECT_THAT(Read("callers"), IsEmpty());
  }
}

TEST_F(CliAccountsTest, XdgOpenGetsThePageAndIsNotWaitedFor) {
  const UniqueFd go = OpenFifo("go");
  const UniqueFd opened = OpenFifo("opened");
  Write("bin/xdg-open", "#!/bin/sh\necho noise\nread -r line <" + PathOf("go") +
                            "\necho \"$1\" >" + PathOf("opened") + "\n");
  ASSERT_EQ(chmod(PathOf("bin/xdg-open").c_str(), 0700), 0);
  environment_ = {"PATH=" + PathOf("bin") + ":/usr/bin:/bin", "DISPLAY=:9"};
  const Outcome outcome = Ctl({"cloud", "auth", "login", "--browser"});
  EXPECT_EQ(outcome.out, "Logged in as casey@example.com.\n");
  EXPECT_THAT(outcome.err, Not(HasSubstr("noise")));

  ASSERT_EQ(write(go.get(), "\n", 1), 1);
  pollfd about{opened.get(), POLLIN, 0};
  ASSERT_EQ(poll(&about, 1, 10'000), 1);
  std::array<char, 1024> page{};
  const ssize_t size = read(opened.get(), page.data(), page.size());
  ASSERT_GT(size, 0);
  EXPECT_EQ(std::string(page.data(), static_cast<std::size_t>(size)),
            "https://libretto.sh" + kQuery + "\n");
}

TEST_F(CliAccountsTest, XdgOpenIsLeftAloneWithoutADisplayOrWithNoOpen) {
  Write("bin/xdg-open", "#!/bin/sh\ntouch " + PathOf("opened") + "\n");
  ASSERT_EQ(chmod(PathOf("bin/xdg-open").c_str(), 0700), 0);
  const std::string path = "PATH=" + PathOf("bin") + ":/usr/bin:/bin";
  environment_ = {path, "DISPLAY="};
  EXPECT_EQ(Ctl({"cloud", "auth", "login", "--browser"}).exit_code, 0);
  environment_ = {path, "DISPLAY=:9"};
  EXPECT_EQ(Ctl({"cloud", "auth", "login", "--browser", "--no-open"}).exit_code,
            0);
  struct stat about {};
  EXPECT_NE(stat(PathOf("opened").c_str(), &about), 0);
}

TEST_F(CliAccountsTest, ForgotPasswordSaysWhetherAMailWasSent) {
  EXPECT_EQ(
      Ctl({"cloud", "auth", "forgot-password", "--email", "a@x.test"}).out,
      "Password reset link sent to a@x.test.\n");
  EXPECT_EQ(
      Ctl({"cloud", "auth", "forgot-password", "--email", "nobody@x.test"}).out,
      "No Libretto account exists for nobody@x.test.\n");
  EXPECT_EQ(
      Ctl({"cloud", "auth", "forgot-password", "--email", "a@x.test", "--json"})
          .out,
      "{\"email\":\"a@x.test\",\"sent\":true}\n");
}

TEST_F(CliAccountsTest, InvitePrintsWhatTheTeammateTypes) {
  // The page is at the login's cloud, whatever this terminal means.
  const Outcome outcome =
      Ctl({"cloud", "auth", "invite", "mate@x.test", "--role", "admin"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out,
            "invited       mate@x.test, as admin\n"
            "invitation    inv1\n"
            "organisation  Acme Inc. (acme)\n"
            "expires       2026-01-03T00:00:00.000Z\n"
            "they type     librettoctl cloud auth accept-invite acme inv1\n"
            "or open       http://127.0.0.1:8080/invite?tenantSlug=acme&"
            "invitationId=inv1&accept=1\n");
  EXPECT_THAT(Ctl({"cloud", "auth", "invite", "mate@x.test", "--json"}).out,
              HasSubstr("\"id\":\"inv1\",\"email\":\"mate@x.test\",\"role\":"
                        "\"member\""));
}

TEST_F(CliAccountsTest, AcceptInviteReadsThePasswordOnlyWhenItIsNeeded) {
  const Outcome joined =
      Ctl({"cloud", "auth", "accept-invite", "acme", "member"});
  EXPECT_EQ(joined.out, "Invitation accepted. You're now a member of Acme.\n");
  const Outcome made =
      Ctl({"cloud", "auth", "accept-invite", "acme", "inv1", "--name", "Mate",
           "--password-stdin", "--no-wait", "--json"},
          "long password\n");
  EXPECT_EQ(made.out,
            "{\"email\":\"mate@x.test\",\"organization_slug\":\"acme\","
            "\"email_verified\":false,\"session_file\":"
            "\"|Mate|long password\"}\n");
}

TEST_F(CliAccountsTest, AnInvitedAddressWithAnAccountLeadsToWhatHelps) {
  const Outcome outcome = Ctl({"cloud", "auth", "accept-invite", "acme",
                               "taken", "--name", "Mate", "--password-stdin"},
                              "long password");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("librettoctl cloud auth login"));
  EXPECT_THAT(outcome.err, HasSubstr("delete-account"));
}

TEST_F(CliAccountsTest, DeleteAccountNeedsTheRightAddress) {
  const Outcome wrong =
      Ctl({"cloud", "auth", "delete-account", "--email", "a@x.test", "--yes"});
  EXPECT_EQ(wrong.exit_code, 64);
  EXPECT_THAT(Read("callers"), Not(HasSubstr("DeleteAccount")));
  const Outcome right = Ctl({"cloud", "auth", "delete-account", "--email",
                             "casey@example.com", "--yes"});
  EXPECT_EQ(right.out, "Account casey@example.com deleted.\n");
  EXPECT_THAT(right.err, HasSubstr("accept-invite"));
}

TEST_F(CliAccountsTest, DeleteAccountNeedsALogin) {
  EXPECT_EQ(
      Ctl({"cloud", "auth", "delete-account", "--profile", "nobody"}).exit_code,
      4);
  environment_ = {"LIBRETTO_API_KEY=k3y"};
  const Outcome outcome = Ctl({"cloud", "auth", "delete-account"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("API key cannot delete an account"));
}

TEST_F(CliAccountsTest, AnIssuedKeyIsPrintedOnce) {
  const Outcome outcome =
      Ctl({"cloud", "auth", "api-key", "issue", "--label", "ci"});
  EXPECT_EQ(outcome.out, "API key key1 issued for ci.\nthe-raw-key\n");
  EXPECT_THAT(outcome.err, Not(HasSubstr("the-raw-key")));
  EXPECT_THAT(outcome.err, HasSubstr(".env"));
  EXPECT_EQ(
      Ctl({"cloud", "auth", "api-key", "issue", "--label", "ci", "--json"}).out,
      "{\"id\":\"key1\",\"label\":\"ci\",\"key\":\"the-raw-key\"}\n");
}

TEST_F(CliAccountsTest, TheKeyListIsThePublicCommandsAndMarksTheAgentsOwn) {
  EXPECT_EQ(Ctl({"cloud", "auth", "api-key", "list"}).out,
            "key1  ci  abcdef\u2026  created 2026-01-01T00:00:00.000Z "
            "last-used 2026-01-02T00:00:00.000Z\n"
            "key2  (unnamed)  ghijkl\u2026  created 2026-01-01T00:00:00.000Z "
            "[disabled] [this agent's own]\n");
  EXPECT_THAT(Ctl({"cloud", "auth", "api-key", "list", "--json"}).out,
              HasSubstr("\"leased\":true"));
  EXPECT_EQ(Ctl({"cloud", "auth", "api-key", "list", "--profile", "empty"}).out,
            "No API keys.\n");
}

TEST_F(CliAccountsTest, RevokingTheAgentsOwnKeySaysSo) {
  const Outcome other = Ctl({"cloud", "auth", "api-key", "revoke", "key1"});
  EXPECT_EQ(other.out, "API key key1 revoked.\n");
  EXPECT_THAT(other.err, HasSubstr("refused from now on"));
  EXPECT_THAT(Ctl({"cloud", "auth", "api-key", "revoke", "key2"}).err,
              HasSubstr("mints another"));
}

}  // namespace
}  // namespace libretto::testing
