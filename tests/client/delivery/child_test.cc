#include "client/delivery/child.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/matchers.h"

namespace libretto {
namespace {

using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;
using ::testing::UnorderedElementsAre;

constexpr const char* kInherited[] = {"PATH=/bin", "LIBRETTO_CLOUD_USER=old",
                                      "LIBRETTO_CLOUD_USERS=kept", "no-equals",
                                      nullptr};

Delivered Make(std::string_view name, std::string_view value) {
  return {*CredentialName::Verbatim(name), SecretBytes::CopyOf(value)};
}

std::vector<std::string> Texts(const Environment& environment) {
  std::vector<std::string> texts;
  for (const SecretBytes& entry : environment) {
    EXPECT_TRUE(entry.Reveal().ends_with('\0'));
    texts.emplace_back(entry.Reveal().data());
  }
  return texts;
}

TEST(WithCredentialsTest, ACredentialTakesTheVariablesPlace) {
  std::vector<Delivered> credentials;
  credentials.push_back(Make("user", "alice = \"x\"\n"));
  const auto environment = WithCredentials(kInherited, credentials);
  ASSERT_THAT(environment, IsOk());
  EXPECT_THAT(
      Texts(*environment),
      UnorderedElementsAre("LIBRETTO_CLOUD_USER=alice = \"x\"\n", "PATH=/bin",
                           "LIBRETTO_CLOUD_USERS=kept", "no-equals"));
}

TEST(WithCredentialsTest, ANameThatShellsDropIsAnErrorNamingIt) {
  std::vector<Delivered> credentials;
  credentials.push_back(Make("dotted.name", "x"));
  const auto environment = WithCredentials(kInherited, credentials);
  EXPECT_THAT(environment, HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(environment, MessageHas("dotted.name"));
}

TEST(WithCredentialsTest, ANulIsAnErrorNamingTheCredentialAndNotTheValue) {
  std::vector<Delivered> credentials;
  credentials.push_back(Make("user", std::string_view("s3cr\0et", 7)));
  const auto environment = WithCredentials(kInherited, credentials);
  EXPECT_THAT(environment, HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(environment, MessageHas("user"));
  EXPECT_THAT(environment, ::testing::Not(MessageHas("s3cr")));
}

TEST(ExecuteTest, ACommandThatIsNotThereIsNotFound) {
  EXPECT_THAT(Execute({"libretto-no-such-command"}, {}),
              HasCode(StatusCode::kNotFound));
}

TEST(ExecuteTest, ADirectoryIsThereButNotExecutable) {
  EXPECT_THAT(Execute({"/tmp"}, {}), HasCode(StatusCode::kPermissionDenied));
}

}  // namespace
}  // namespace libretto
