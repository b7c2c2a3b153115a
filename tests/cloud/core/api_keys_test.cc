#include "cloud/core/api_keys.h"

#include <gtest/gtest.h>

#include "cloud/core/refusal.h"
#include "tests/cloud/cloud_parts.h"
#include "tests/matchers.h"

namespace libretto::cloud {
namespace {

using libretto::testing::IsOk;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class ApiKeysTest : public ::testing::Test {
 protected:
  ApiKeysTest()
      : ann_(parts_.SignUp("ann").signed_in.user),
        session_(parts_.NewSessionId(ann_)) {}

  IssuedApiKey Issue(const ApiKeyRequest& request = {}) {
    auto issued = parts_.api_keys.Issue(ann_, session_, request);
    EXPECT_THAT(issued, IsOk());
    return *std::move(issued);
  }

  std::optional<Refusal> RefusalOfIssue(const ApiKeyRequest& request) {
    return RefusalOf(parts_.api_keys.Issue(ann_, session_, request).status());
  }

  std::optional<Refusal> RefusalOfUse(const SecretBytes& text) {
    return RefusalOf(parts_.api_keys.Authenticate(text).status());
  }

  std::vector<ApiKey> List() {
    auto keys = parts_.api_keys.List(ann_);
    EXPECT_THAT(keys, IsOk());
    return *std::move(keys);
  }

  testing::CloudParts parts_;
  const User ann_;
  const std::string session_;
};

TEST_F(ApiKeysTest, AKeyOpensItsUsersOrganization) {
  const IssuedApiKey issued = Issue({.name = "laptop"});
  EXPECT_EQ(issued.text.size(), 64U);
  EXPECT_EQ(issued.key.start, issued.text.Reveal().substr(0, 6));
  const auto found = parts_.api_keys.Authenticate(issued.text);
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->user.id, ann_.id);
  EXPECT_FALSE(found->tenant_id.empty());
}

TEST_F(ApiKeysTest, AUserHas100KeysAtMostAndHearsHowToMakeRoom) {
  const std::string first = Issue().key.id;
  for (int i = 1; i < 100; ++i) Issue();
  const Status refused = parts_.api_keys.Issue(ann_, session_, {}).status();
  EXPECT_EQ(RefusalOf(refused), Refusal::kTooManyApiKeys);
  EXPECT_NE(Message(refused).find("has 100 API keys"), std::string::npos);
  EXPECT_NE(Message(refused).find("librettoctl cloud auth api-key list"),
            std::string::npos);
  ASSERT_THAT(parts_.api_keys.Revoke(ann_, first), IsOk());
  Issue();
}

TEST_F(ApiKeysTest, APrefixStandsInFront) {
  const IssuedApiKey issued = Issue({.prefix = "lc_"});
  EXPECT_EQ(issued.text.size(), 67U);
  EXPECT_TRUE(issued.text.Reveal().starts_with("lc_"));
  EXPECT_THAT(parts_.api_keys.Authenticate(issued.text), IsOk());
}

TEST_F(ApiKeysTest, LabelAndLifetimeHaveLimits) {
  EXPECT_EQ(RefusalOfIssue({.name = std::string(33, 'x')}),
            Refusal::kLabelTooLong);
  EXPECT_EQ(RefusalOfIssue({.name = std::string(32, 'x')}), std::nullopt);
  EXPECT_EQ(RefusalOfIssue({.lifetime = hours(24) - seconds(1)}),
            Refusal::kLifetimeTooShort);
  EXPECT_EQ(RefusalOfIssue({.lifetime = hours(24)}), std::nullopt);
  EXPECT_EQ(RefusalOfIssue({.lifetime = hours(24 * 365)}), std::nullopt);
  EXPECT_EQ(RefusalOfIssue({.lifetime = hours(24 * 365) + seconds(1)}),
            Refusal::kLifetimeTooLong);
  EXPECT_EQ(RefusalOfIssue({.metadata = std::string(4097, 'x')}),
            Refusal::kMetadataTooLarge);
}

TEST_F(ApiKeysTest, AnExpiredKeySaysSoOnceAndIsGone) {
  const IssuedApiKey issued = Issue({.lifetime = hours(24)});
  parts_.clock.Advance(hours(24) - milliseconds(1));
  EXPECT_EQ(RefusalOfUse(issued.text), std::nullopt);
  parts_.clock.Advance(milliseconds(1));
  EXPECT_TRUE(List().empty());
  EXPECT_EQ(RefusalOfUse(issued.text), Refusal::kApiKeyExpired);
  EXPECT_EQ(RefusalOfUse(issued.text), Refusal::kApiKeyUnknown);
}

TEST_F(ApiKeysTest, WhatIsNoKeyIsRefused) {
  EXPECT_EQ(RefusalOfUse(testing::Secret("short")), Refusal::kApiKeyMalformed);
  EXPECT_EQ(RefusalOfUse(testing::Secret(std::string(64, 'x'))),
            Refusal::kApiKeyUnknown);
}

TEST_F(ApiKeysTest, ARevokedKeyIsGoneForGood) {
  const IssuedApiKey issued = Issue();
  ASSERT_THAT(parts_.api_keys.Revoke(ann_, issued.key.id), IsOk());
  EXPECT_EQ(RefusalOfUse(issued.text), Refusal::kApiKeyUnknown);
  EXPECT_EQ(RefusalOf(parts_.api_keys.Revoke(ann_, issued.key.id)),
            Refusal::kApiKeyNotFound);
}

TEST_F(ApiKeysTest, AnotherUsersKeyCannotBeRevokedOrSeen) {
  const IssuedApiKey issued = Issue();
  const User bob = parts_.SignUp("bob").signed_in.user;
  EXPECT_EQ(RefusalOf(parts_.api_keys.Revoke(bob, issued.key.id)),
            Refusal::kApiKeyNotFound);
  EXPECT_EQ(RefusalOfUse(issued.text), std::nullopt);
  EXPECT_TRUE(parts_.api_keys.List(bob)->empty());
}

TEST_F(ApiKeysTest, AKeyThatIsSwitchedOffWorksAgainWhenSwitchedOn) {
  const IssuedApiKey issued = Issue({.name = "laptop"});
  const auto off =
      parts_.api_keys.Change(ann_, issued.key.id, {.enabled = false});
  ASSERT_THAT(off, IsOk());
  EXPECT_FALSE(off->enabled);
  EXPECT_EQ(off->name, "laptop");
  EXPECT_EQ(RefusalOfUse(issued.text), Refusal::kApiKeyDisabled);
  EXPECT_FALSE(List().front().enabled);
  ASSERT_THAT(parts_.api_keys.Change(ann_, issued.key.id,
                                     {.name = "ci", .enabled = true}),
              IsOk());
  EXPECT_EQ(RefusalOfUse(issued.text), std::nullopt);
  EXPECT_EQ(List().front().name, "ci");
}

TEST_F(ApiKeysTest, AChangeHasToSayWhatAndOfWhichOwnKey) {
  const IssuedApiKey issued = Issue();
  const User bob = parts_.SignUp("bob").signed_in.user;
  const auto refusal = [&](const User& user, const std::string& id,
                           const ApiKeyChange& change) {
    return RefusalOf(parts_.api_keys.Change(user, id, change).status());
  };
  EXPECT_EQ(refusal(ann_, issued.key.id, {}), Refusal::kNothingToUpdate);
  EXPECT_EQ(refusal(ann_, issued.key.id, {.name = ""}), Refusal::kLabelTooLong);
  EXPECT_EQ(refusal(ann_, issued.key.id, {.name = std::string(33, 'x')}),
            Refusal::kLabelTooLong);
  EXPECT_EQ(refusal(bob, issued.key.id, {.enabled = false}),
            Refusal::kApiKeyNotFound);
  EXPECT_EQ(refusal(ann_, "nope", {}), Refusal::kApiKeyNotFound);
  EXPECT_EQ(RefusalOfUse(issued.text), std::nullopt);
}

TEST_F(ApiKeysTest, AUseShowsBeforeAndAfterItIsWritten) {
  const IssuedApiKey issued = Issue();
  EXPECT_EQ(List().front().last_request, std::nullopt);
  parts_.clock.Advance(hours(1));
  ASSERT_THAT(parts_.api_keys.Authenticate(issued.text), IsOk());
  const Timestamp used = NowOf(parts_.clock);
  EXPECT_EQ(List().front().last_request, used);
  ASSERT_THAT(parts_.api_keys.WriteUses(), IsOk());
  EXPECT_EQ(List().front().last_request, used);
  EXPECT_EQ(parts_.store->ApiKeysOf(ann_.id)->front().last_request, used);
}

}  // namespace
}  // namespace libretto::cloud
