#include "cloud/core/credentials.h"

#include <gtest/gtest.h>

#include "cloud/core/refusal.h"
#include "tests/cloud/cloud_parts.h"
#include "tests/matchers.h"

namespace libretto::cloud {
namespace {

using libretto::testing::HasCode;
using libretto::testing::IsOk;
using testing::Secret;

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest()
      : tenant_(parts_.SignUp("ann").organization->id),
        other_(parts_.SignUp("bob").organization->id) {}

  std::string Create(const std::string& name, const std::string& value) {
    const auto id = parts_.credentials.Create(tenant_, name, Secret(value));
    EXPECT_THAT(id, IsOk());
    return id.value_or("");
  }

  // The value, or nothing when there is none.
  std::optional<std::string> Get(const std::string& tenant,
                                 const std::string& name) {
    const auto found = parts_.credentials.Get(tenant, name);
    if (!found.ok()) {
      EXPECT_EQ(RefusalOf(found.status()), Refusal::kCredentialNotFound);
      return std::nullopt;
    }
    return std::string(found->value.Reveal());
  }

  Timestamp UpdatedAt() {
    return parts_.credentials.List(tenant_)->front().updated_at;
  }

  Status SetValue(const std::string& tenant, const std::string& id,
                  const std::string& value) {
    const SecretBytes secret = Secret(value);
    return parts_.credentials.Update(tenant, id, std::nullopt, &secret);
  }

  testing::CloudParts parts_;
  const std::string tenant_;
  const std::string other_;
};

TEST_F(CredentialsTest, AValueComesBackByteForByte) {
  std::string value("\0\x01\xff\xfe\n", 5);
  value += std::string(65'531, 'x');
  Create("all bytes", value);
  EXPECT_EQ(Get(tenant_, "all bytes"), value);
  Create("empty", "");
  EXPECT_EQ(Get(tenant_, "empty"), "");
}

TEST_F(CredentialsTest, ANameIsTakenAsItIs) {
  Create("OpenAI_Key", "1");
  Create("openai_key", "2");
  Create(" padded ", "3");
  EXPECT_EQ(Get(tenant_, "OpenAI_Key"), "1");
  EXPECT_EQ(Get(tenant_, "openai_key"), "2");
  EXPECT_EQ(Get(tenant_, "padded"), std::nullopt);
}

TEST_F(CredentialsTest, NamesAndValuesHaveLimits) {
  const auto refusal = [this](std::size_t name, std::size_t value) {
    return RefusalOf(parts_.credentials
                         .Create(tenant_, std::string(name, 'n'),
                                 Secret(std::string(value, 'v')))
                         .status());
  };
  EXPECT_EQ(refusal(0, 1), Refusal::kCredentialNameTooLong);
  EXPECT_EQ(refusal(1025, 1), Refusal::kCredentialNameTooLong);
  EXPECT_EQ(refusal(1024, 65'536), std::nullopt);
  EXPECT_EQ(refusal(1, 65'537), Refusal::kCredentialValueTooLarge);
}

TEST_F(CredentialsTest, ANameIsThereOnce) {
  Create("a", "1");
  const auto again = parts_.credentials.Create(tenant_, "a", Secret("2"));
  EXPECT_EQ(RefusalOf(again.status()), Refusal::kCredentialExists);
  EXPECT_EQ(Message(again.status()), "Credential \"a\" already exists");
  EXPECT_EQ(Get(tenant_, "a"), "1");
}

TEST_F(CredentialsTest, UpsertSaysWhetherItOverwrote) {
  const auto first = parts_.credentials.Upsert(tenant_, "a", Secret("1"));
  const auto second = parts_.credentials.Upsert(tenant_, "a", Secret("2"));
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_FALSE(first->overwritten);
  EXPECT_TRUE(second->overwritten);
  EXPECT_EQ(first->id, second->id);
  EXPECT_EQ(Get(tenant_, "a"), "2");
}

TEST_F(CredentialsTest, EveryChangeMovesUpdatedAtThoughTheClockStands) {
  const std::string id = Create("a", "1");
  Timestamp before = UpdatedAt();
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(SetValue(tenant_, id, "2"), IsOk());
    EXPECT_GT(UpdatedAt(), before);
    before = UpdatedAt();
  }
  ASSERT_THAT(parts_.credentials.Upsert(tenant_, "a", Secret("3")), IsOk());
  EXPECT_GT(UpdatedAt(), before);
}

TEST_F(CredentialsTest, ARenamedCredentialKeepsIdAndValue) {
  const std::string id = Create("a", "1");
  ASSERT_THAT(parts_.credentials.Update(tenant_, id, "b", nullptr), IsOk());
  EXPECT_EQ(Get(tenant_, "a"), std::nullopt);
  EXPECT_EQ(Get(tenant_, "b"), "1");
}

TEST_F(CredentialsTest, ARenameDoesNotTakeAnothersName) {
  const std::string id = Create("a", "1");
  Create("b", "2");
  EXPECT_EQ(RefusalOf(parts_.credentials.Update(tenant_, id, "b", nullptr)),
            Refusal::kCredentialExists);
  EXPECT_EQ(Get(tenant_, "a"), "1");
  EXPECT_EQ(Get(tenant_, "b"), "2");
}

TEST_F(CredentialsTest, AnotherTenantsCredentialIsNoCredential) {
  const std::string id = Create("a", "1");
  const Status missing = SetValue(other_, "no such id", "2");
  EXPECT_EQ(Get(other_, "a"), std::nullopt);
  EXPECT_EQ(SetValue(other_, id, "2"), missing);
  EXPECT_EQ(parts_.credentials.Remove(other_, id), missing);
  EXPECT_TRUE(parts_.credentials.List(other_)->empty());
  EXPECT_EQ(Get(tenant_, "a"), "1");
}

TEST_F(CredentialsTest, ARemovedCredentialCanBeMadeAgain) {
  const std::string id = Create("a", "1");
  ASSERT_THAT(parts_.credentials.Remove(tenant_, id), IsOk());
  EXPECT_EQ(RefusalOf(parts_.credentials.Remove(tenant_, id)),
            Refusal::kCredentialNotFound);
  Create("a", "2");
  EXPECT_EQ(Get(tenant_, "a"), "2");
}

TEST_F(CredentialsTest, ASealedValueDoesNotOpenInAnotherRow) {
  Create("a", "1");
  const auto row = parts_.store->CredentialByName(tenant_, "a");
  ASSERT_THAT(row, IsOk());
  const Timestamp now = NowOf(parts_.clock);
  const Credential copy{.id = row->id + "x",
                        .name = "copy",
                        .created_at = now,
                        .updated_at = now};
  ASSERT_THAT(parts_.store->AddCredential(tenant_, copy, row->sealed), IsOk());
  EXPECT_THAT(parts_.credentials.Get(tenant_, "copy"),
              HasCode(StatusCode::kDataLoss));
}

}  // namespace
}  // namespace libretto::cloud
