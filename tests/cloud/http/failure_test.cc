// What a failure that is no refusal becomes on the wire.
#include <gtest/gtest.h>

#include "cloud/core/refusal.h"
#include "cloud/http/better_auth.h"
#include "cloud/http/rpc.h"

namespace libretto::cloud {
namespace {

TEST(FailureTest, WhoWasDeletedDuringTheRequestIsUnknown) {
  const Status gone = NotFound("the account is gone");
  EXPECT_EQ(Rpc::Failure(gone).status, 401);
  EXPECT_EQ(BetterAuth::Failure(gone).status, 401);
}

TEST(FailureTest, ARefusalThatSomethingIsNotThereIsA404) {
  EXPECT_EQ(Rpc::Failure(Refuse(Refusal::kCredentialNotFound)).status, 404);
  EXPECT_EQ(BetterAuth::Failure(Refuse(Refusal::kApiKeyNotFound)).status, 404);
}

TEST(FailureTest, OursIsA500AndTheDatabasesA503AndBothAreLogged) {
  EXPECT_EQ(Rpc::Failure(Internal("why")).status, 500);
  EXPECT_EQ(BetterAuth::Failure(Internal("why")).status, 500);
  EXPECT_EQ(Rpc::Failure(Offline("why")).status, 503);
  EXPECT_EQ(BetterAuth::Failure(Offline("why")).status, 503);
  EXPECT_EQ(Rpc::Failure(Internal("why")).failure, "why");
  EXPECT_EQ(BetterAuth::Failure(Internal("why")).failure, "why");
}

}  // namespace
}  // namespace libretto::cloud
