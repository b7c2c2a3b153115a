#include "client/delivery/child.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/matchers.h"

namespace libretto {
namespace {

using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;

Delivered Make(std::string_view variable, std::string_view value) {
  return {std::string(variable), *CredentialName::Parse("user"),
          SecretBytes::CopyOf(value)};
}

TEST(DeliverByEnvironmentTest, TheValueIsTheVariables) {
  Environment environment;
  std::vector<Delivered> credentials;
  credentials.push_back(Make("USER_NAME", "alice = \"x\"\n"));
  ASSERT_THAT(DeliverByEnvironment(credentials, environment), IsOk());
  EXPECT_STREQ(environment.Pointers()[0], "USER_NAME=alice = \"x\"\n");
}

TEST(DeliverByEnvironmentTest, ANulIsAnErrorNamingTheCredentialNotTheValue) {
  Environment environment;
  std::vector<Delivered> credentials;
  credentials.push_back(Make("USER_NAME", std::string_view("s3cr\0et", 7)));
  const Status delivered = DeliverByEnvironment(credentials, environment);
  EXPECT_THAT(delivered, HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(delivered, MessageHas("credential user"));
  EXPECT_THAT(delivered, ::testing::Not(MessageHas("s3cr")));
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
