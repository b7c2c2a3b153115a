#include "agent/core/broker.h"

#include "tests/agent/core/profile_fixture.h"

namespace libretto {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;
using testing::Result;

class BrokerTest : public testing::ProfileTest {
 protected:
  BrokerTest() {
    cloud_.Set("username", "alice");
    cloud_.Set("password", "hunter2");
    SignIn();
  }
};

TEST_F(BrokerTest, AColdReadAsksTheCloudAndAWarmOneDoesNot) {
  EXPECT_EQ(Ask("username"), "alice");
  EXPECT_EQ(Ask("username"), "alice");
  EXPECT_EQ(cloud_.Count("Fetch username"), 1);
  EXPECT_EQ(profile_.broker.counters().hits, 1);
  EXPECT_EQ(profile_.broker.counters().misses, 1);
}

TEST_F(BrokerTest, NobodySignedInIsToldWhatToType) {
  profile_.session.SignOut();
  const Status status = AskStatus("username");
  EXPECT_THAT(status, HasCode(StatusCode::kUnauthenticated));
  EXPECT_EQ(Remedy(status), "librettoctl cloud auth login");
  EXPECT_TRUE(cloud_.requests.empty());
}

TEST_F(BrokerTest, AMissingCredentialIsNamed) {
  const Status status = AskStatus("nothing");
  EXPECT_THAT(status, HasCode(StatusCode::kNotFound));
  EXPECT_THAT(status, MessageHas("nothing"));
}

TEST_F(BrokerTest, AHundredCallersCauseOneFetch) {
  std::vector<Result<Credential>> results(100);
  for (auto& result : results) {
    profile_.broker.Get(Name("username"), result.Into());
  }
  cloud_.Deliver();
  EXPECT_EQ(cloud_.Count("Mint"), 1);
  EXPECT_EQ(cloud_.Count("Fetch username"), 1);
  for (const auto& result : results) {
    EXPECT_EQ(result.value().value.Reveal(), "alice");
  }
}

TEST_F(BrokerTest, SigningOutDuringAFetchDropsTheResult) {
  Ask("password");  // so that the key is there
  Result<Credential> result;
  profile_.broker.Get(Name("username"), result.Into());
  profile_.session.SignOut();
  cloud_.Deliver();
  EXPECT_THAT(result.get(), HasCode(StatusCode::kUnauthenticated));
  EXPECT_FALSE(profile_.cache.HasValue(Name("username")));
}

TEST_F(BrokerTest, AnotherAccountNeverGetsWhatTheFirstOneAskedFor) {
  Ask("password");
  Result<Credential> result;
  profile_.broker.Get(Name("username"), result.Into());
  SignIn();
  cloud_.Deliver();
  EXPECT_THAT(result.get(), HasCode(StatusCode::kAborted));
  EXPECT_FALSE(profile_.cache.HasValue(Name("username")));
}

TEST_F(BrokerTest, AValueThatTheListContradictsIsFetchedAgain) {
  ListNow();
  Ask("username");
  cloud_.Set("username", "bob");
  ListNow();
  EXPECT_EQ(Ask("username"), "bob");
}

TEST_F(BrokerTest, AFetchThatAChangeOvertookIsNotTakenForCurrent) {
  ListNow();
  Result<Credential> result;
  profile_.broker.Get(Name("username"), result.Into());  // reads alice
  cloud_.Set("username", "bob");
  profile_.broker.List([](const StatusOr<Listing>&) {});
  cloud_.DeliverLast();  // the list that knows of bob comes first
  cloud_.Deliver();
  EXPECT_EQ(result.value().value.Reveal(), "alice");
  EXPECT_EQ(Ask("username"), "bob");
}

TEST_F(BrokerTest, WhatIsGoneFromTheListIsForgotten) {
  Ask("username");
  cloud_.credentials.erase("username");
  ListNow();
  EXPECT_THAT(AskStatus("username"), HasCode(StatusCode::kNotFound));
}

TEST_F(BrokerTest, OfflineACachedValueIsServedAndCalledStale) {
  ListNow();
  Ask("username");
  cloud_.offline = true;
  cloud_.Set("username", "bob");
  ListNow();
  clock_.Advance(hours(1));
  Result<Credential> result;
  profile_.broker.Get(Name("username"), result.Into());
  ASSERT_THAT(result.get(), IsOk());
  EXPECT_EQ(result.value().value.Reveal(), "alice");
  EXPECT_EQ(result.value().source, Credential::Source::kStale);
  EXPECT_GE(result.value().age, hours(1));
}

TEST_F(BrokerTest, OfflineAnOvertakenValueIsBetterThanNone) {
  ListNow();
  Ask("username");
  cloud_.Set("username", "bob");
  ListNow();
  cloud_.offline = true;
  EXPECT_EQ(Ask("username"), "alice");
}

TEST_F(BrokerTest, OfflineWithNothingCachedIsSaidSo) {
  Ask("username");
  cloud_.offline = true;
  EXPECT_THAT(AskStatus("password"), HasCode(StatusCode::kUnavailable));
}

TEST_F(BrokerTest, AValueNobodyConfirmedForADayIsNotServed) {
  Ask("username");
  cloud_.offline = true;
  clock_.Advance(hours(24) + seconds(1));
  EXPECT_THAT(AskStatus("username"), HasCode(StatusCode::kUnavailable));
}

TEST_F(BrokerTest, AKeyRevokedElsewhereIsReplacedOnce) {
  Ask("username");
  cloud_.keys.clear();
  EXPECT_EQ(Ask("password"), "hunter2");
  EXPECT_EQ(cloud_.Count("Mint"), 2);
}

TEST_F(BrokerTest, ASessionThatEndedIsReportedAndNotTriedAgain) {
  Ask("username");
  cloud_.keys.clear();
  cloud_.session_alive = false;
  EXPECT_THAT(AskStatus("password"), MessageHas("has ended"));
  const std::size_t requests = cloud_.requests.size();
  EXPECT_THAT(AskStatus("password"), MessageHas("casey@example.test"));
  EXPECT_EQ(cloud_.requests.size(), requests);
}

TEST_F(BrokerTest, AWriteIsSeenByEveryLaterRead) {
  Ask("username");
  Result<Upserted> written;
  profile_.broker.Upsert(Name("username"), SecretBytes::CopyOf("bob"),
                         written.Into());
  cloud_.Deliver();
  EXPECT_TRUE(written.value().overwritten);
  EXPECT_EQ(Ask("username"), "bob");
}

TEST_F(BrokerTest, AFetchFromBeforeAWriteIsNotJoinedAfterIt) {
  ListNow();
  Result<Credential> before;
  profile_.broker.Get(Name("username"), before.Into());  // reads alice
  Result<Upserted> written;
  profile_.broker.Upsert(Name("username"), SecretBytes::CopyOf("bob"),
                         written.Into());
  cloud_.DeliverLast();
  ASSERT_TRUE(written.arrived());
  Result<Credential> after;
  profile_.broker.Get(Name("username"), after.Into());
  cloud_.Deliver();
  EXPECT_EQ(after.value().value.Reveal(), "bob");
  EXPECT_EQ(Ask("username"), "bob");
}

TEST_F(BrokerTest, AListFromBeforeAWriteDoesNotUndoIt) {
  Ask("username");
  profile_.broker.List([](const StatusOr<Listing>&) {});  // without "token"
  Result<std::string> created;
  profile_.broker.Create(Name("token"), SecretBytes::CopyOf("t"),
                         created.Into());
  cloud_.DeliverLast();
  EXPECT_EQ(Ask("token"), "t");
  EXPECT_TRUE(profile_.cache.HasCurrent(Name("token")));
}

TEST_F(BrokerTest, UpdatingFindsTheIdByName) {
  Result<std::string> updated;
  profile_.broker.Update(Name("username"),
                         {SecretBytes::CopyOf("bob"), Name("user")},
                         updated.Into());
  cloud_.Deliver();
  ASSERT_THAT(updated.get(), IsOk());
  EXPECT_EQ(Ask("user"), "bob");
  EXPECT_THAT(AskStatus("username"), HasCode(StatusCode::kNotFound));
}

TEST_F(BrokerTest, DeletingWhatIsNotThereIsNotFound) {
  std::optional<Status> deleted;
  profile_.broker.Delete(Name("nothing"),
                         [&deleted](Status status) { deleted = status; });
  cloud_.Deliver();
  EXPECT_THAT(deleted.value(), HasCode(StatusCode::kNotFound));
}

TEST_F(BrokerTest, AValueOver64KiBIsRefusedBeforeItIsSent) {
  Result<std::string> created;
  profile_.broker.Create(Name("big"), SecretBytes(64 * 1024 + 1),
                         created.Into());
  EXPECT_THAT(created.get(), HasCode(StatusCode::kInvalidArgument));
  EXPECT_TRUE(cloud_.requests.empty());
}

TEST_F(BrokerTest, ANameThatBreaksTheRuleIsReachedByItsExactSpelling) {
  cloud_.Set("OpenAI_Key", "sk");
  Result<CredentialName> exact;
  profile_.broker.Resolve("OpenAI_Key", exact.Into());
  cloud_.Deliver();
  EXPECT_EQ(exact.value().text(), "OpenAI_Key");
  Result<CredentialName> folded;
  profile_.broker.Resolve(" UserName ", folded.Into());
  EXPECT_EQ(folded.value().text(), "username");
}

TEST_F(BrokerTest, ANameThatIsNoNameIsInvalid) {
  Result<CredentialName> name;
  profile_.broker.Resolve("no such name!", name.Into());
  cloud_.Deliver();
  EXPECT_THAT(name.get(), HasCode(StatusCode::kInvalidArgument));
}

TEST_F(BrokerTest, BeyondTheLimitOnBytesTheOldestValueGoes) {
  const std::string big(1500, 'x');
  for (const char* name : {"a", "b", "c"}) cloud_.Set(name, big);
  Ask("a");
  Ask("b");
  Ask("a");
  Ask("c");
  EXPECT_TRUE(profile_.cache.HasValue(Name("a")));
  EXPECT_FALSE(profile_.cache.HasValue(Name("b")));
  EXPECT_TRUE(profile_.cache.HasValue(Name("c")));
  EXPECT_EQ(Ask("b"), big);
}

TEST_F(BrokerTest, WithAnApiKeyOfItsOwnNothingIsMinted) {
  cloud_.keys["given"] = "by hand";
  profile_.session.UseApiKey(
      {testing::FakeCloud::kUrl, SecretBytes::CopyOf("secret of given")});
  EXPECT_EQ(Ask("username"), "alice");
  EXPECT_EQ(cloud_.Count("Mint"), 0);
  cloud_.keys.clear();
  EXPECT_THAT(AskStatus("password"), HasCode(StatusCode::kUnauthenticated));
  EXPECT_EQ(cloud_.Count("Fetch password"), 1);
}

TEST_F(BrokerTest, AOneTimeCodeIsOfTheMomentAndComesFromTheCachedSeed) {
  cloud_.Set("seed", "JBSW Y3DP EHPK 3PXP");
  const auto code = [this] {
    Result<Credential> result;
    profile_.broker.GetOneTimeCode(Name("seed"), {}, result.Into());
    cloud_.Deliver();
    return std::string(result.value().value.Reveal());
  };
  EXPECT_EQ(code(), "260025");
  clock_.Advance(seconds(29));
  EXPECT_EQ(code(), "260025");
  clock_.Advance(seconds(1));
  EXPECT_EQ(code(), "307890");
  EXPECT_EQ(cloud_.Count("Fetch seed"), 1);
}

TEST_F(BrokerTest, AValueThatIsNoSeedIsNamedAndNotQuoted) {
  Result<Credential> result;
  profile_.broker.GetOneTimeCode(Name("password"), {}, result.Into());
  cloud_.Deliver();
  EXPECT_THAT(result.get(), HasCode(StatusCode::kInvalidArgument));
  const std::string message = Message(result.get().status());
  EXPECT_TRUE(message.starts_with("password: its value is no seed"));
  EXPECT_EQ(message.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace libretto
