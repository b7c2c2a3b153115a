#include "agent/core/scopes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_scope_sockets.h"
#include "tests/fakes/manual_clock.h"
#include "tests/matchers.h"

namespace libretto {
namespace {

using Part = Scope::Part;
using Purpose = Scope::Purpose;
using std::chrono::seconds;
using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;

class Listener final : public ScopeUser {
 public:
  void OnScopeEnded(const Status& why) override { told.push_back(why); }
  std::vector<Status> told;
};

class ScopesTest : public ::testing::Test {
 protected:
  static ScopeRequest Request(const std::string& name,
                              std::vector<std::string> values,
                              std::vector<std::string> codes = {}) {
    ScopeRequest request;
    request.name = name;
    request.value_names = std::move(values);
    request.code_names = std::move(codes);
    return request;
  }
  const Scope* Make(ScopeRequest request) {
    return scopes_.Create(std::move(request)).value();
  }
  static Status Read(const Scope& scope, std::string_view name) {
    return scope.CheckGet(name, Part::kValue, Purpose::kRead);
  }

  testing::ManualClock clock_;
  testing::FakeScopeSockets sockets_;
  Scopes scopes_{sockets_, clock_};
};

TEST_F(ScopesTest, AScopeReachesItsNamesHoweverTheyAreSpelled) {
  const Scope& scope = *Make(Request("ci", {" UserName ", "Odd Name"}));
  EXPECT_THAT(Read(scope, "username"), IsOk());
  EXPECT_THAT(Read(scope, "USERNAME"), IsOk());
  EXPECT_THAT(Read(scope, "Odd Name"), IsOk());
  for (const char* other : {"password", "odd name", "user", "", "username2"}) {
    const Status refused = Read(scope, other);
    EXPECT_THAT(refused, HasCode(StatusCode::kPermissionDenied)) << other;
    EXPECT_EQ(ReasonOf(refused), "scope");
  }
  EXPECT_EQ(scope.request().value_names[0], "username");
}

TEST_F(ScopesTest, ACodeIsNoSeed) {
  const Scope& scope = *Make(Request("ci", {"password"}, {"totp"}));
  EXPECT_THAT(scope.CheckGet("totp", Part::kCode, Purpose::kRead), IsOk());
  EXPECT_THAT(scope.CheckGet("password", Part::kCode, Purpose::kRead), IsOk());
  for (const Purpose purpose : {Purpose::kRead, Purpose::kRun}) {
    EXPECT_THAT(scope.CheckGet("totp", Part::kValue, purpose),
                HasCode(StatusCode::kPermissionDenied));
  }
  EXPECT_THAT(scope.CheckWatch({"password", "totp"}),
              HasCode(StatusCode::kPermissionDenied));
}

TEST_F(ScopesTest, WhatIsUseOnlyIsForCommands) {
  ScopeRequest request = Request("ci", {"password"}, {"totp"});
  request.use_only = true;
  const Scope& scope = *Make(std::move(request));
  EXPECT_THAT(scope.CheckGet("password", Part::kValue, Purpose::kRun), IsOk());
  for (const Part part : {Part::kValue, Part::kCode}) {
    EXPECT_THAT(scope.CheckGet("password", part, Purpose::kRead),
                HasCode(StatusCode::kPermissionDenied));
  }
  // It was named for its code.
  EXPECT_THAT(scope.CheckGet("totp", Part::kCode, Purpose::kRead), IsOk());
  EXPECT_THAT(scope.CheckWatch({"password"}),
              HasCode(StatusCode::kPermissionDenied));
}

TEST_F(ScopesTest, TheAccountIsTheScopes) {
  ScopeRequest request = Request("ci", {"password"});
  request.acts_as = {"work", "https://cloud.test", SecretBytes::CopyOf("key")};
  const Scope& scope = *Make(std::move(request));
  EXPECT_THAT(scope.CheckAccount({"", "", SecretBytes()}), IsOk());
  EXPECT_THAT(scope.CheckAccount({"work", "", SecretBytes()}), IsOk());
  EXPECT_THAT(scope.CheckAccount({"default", "", SecretBytes()}),
              HasCode(StatusCode::kPermissionDenied));
  EXPECT_EQ(scope.ActsAs().profile, "work");
  EXPECT_TRUE(scope.ActsAs().api_key.Equals(SecretBytes::CopyOf("key")));
  const Scope& usual = *Make(Request("usual", {"password"}));
  EXPECT_THAT(usual.CheckAccount({"default", "", SecretBytes()}), IsOk());
  EXPECT_THAT(usual.CheckAccount({"work", "", SecretBytes()}),
              HasCode(StatusCode::kPermissionDenied));
}

TEST_F(ScopesTest, WhatIsNoScopeIsNotMade) {
  for (const char* name : {"../x", "-a", "A", "a b", "run-1",
                           "a23456789012345678901234567890123"}) {
    EXPECT_THAT(scopes_.Create(Request(name, {"x"})),
                HasCode(StatusCode::kInvalidArgument))
        << name;
  }
  EXPECT_THAT(scopes_.Create(Request("a", {})),
              HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(scopes_.Create(Request("a", {""})),
              HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(scopes_.Create(Request(
                  "a", std::vector<std::string>(Scope::kMaxNames + 1, "x"))),
              HasCode(StatusCode::kInvalidArgument));
  for (const auto ttl :
       {seconds(0), seconds(-1), Scope::kMaxTtl + seconds(1)}) {
    ScopeRequest request = Request("a", {"x"});
    request.ttl = ttl;
    EXPECT_THAT(scopes_.Create(std::move(request)),
                HasCode(StatusCode::kInvalidArgument));
  }
  sockets_.fail = Denied("no socket");
  EXPECT_THAT(scopes_.Create(Request("a", {"x"})), MessageHas("no socket"));
  EXPECT_TRUE(scopes_.List().empty());
}

TEST_F(ScopesTest, ANameIsTakenOnce) {
  Make(Request("ci", {"x"}));
  EXPECT_THAT(scopes_.Create(Request("ci", {"y"})),
              HasCode(StatusCode::kAborted));
  EXPECT_THAT(scopes_.Revoke("ci"), IsOk());
  EXPECT_THAT(scopes_.Create(Request("ci", {"y"})), IsOk());
  EXPECT_THAT(scopes_.Revoke("nobody"), HasCode(StatusCode::kNotFound));
}

TEST_F(ScopesTest, ThereIsALimit) {
  for (std::size_t i = 0; i < Scopes::kMaxScopes; ++i) {
    Make(Request("s" + std::to_string(i), {"x"}));
  }
  EXPECT_THAT(scopes_.Create(Request("more", {"x"})),
              HasCode(StatusCode::kResourceExhausted));
}

TEST_F(ScopesTest, RevokingTellsWhoUsesItAndThenHangsUp) {
  const Scope& scope = *Make(Request("ci", {"x"}));
  const ScopeId id = scope.id();
  Listener stays;
  Listener leaves;
  scopes_.Join(id, stays);
  scopes_.Join(id, leaves);
  scopes_.Leave(id, leaves);
  ASSERT_THAT(scopes_.Revoke("ci"), IsOk());
  ASSERT_EQ(stays.told.size(), 1U);
  EXPECT_THAT(stays.told[0], HasCode(StatusCode::kPermissionDenied));
  EXPECT_TRUE(leaves.told.empty());
  EXPECT_EQ(scopes_.Find(id), nullptr);
  EXPECT_TRUE(sockets_.closed.contains(id));
  scopes_.Leave(id, stays);
  scopes_.Tick();
  EXPECT_FALSE(sockets_.hung_up.contains(id));
  EXPECT_EQ(scopes_.NextDeadline(), clock_.Now() + Scopes::kFarewell);
  clock_.Advance(Scopes::kFarewell);
  scopes_.Tick();
  EXPECT_TRUE(sockets_.hung_up.contains(id));
  EXPECT_EQ(scopes_.NextDeadline(), std::nullopt);
}

TEST_F(ScopesTest, ItsTimeIsOverToTheMoment) {
  ScopeRequest request = Request("ci", {"x"});
  request.ttl = seconds(60);
  const ScopeId id = Make(std::move(request))->id();
  Listener user;
  scopes_.Join(id, user);
  EXPECT_EQ(scopes_.NextDeadline(), clock_.Now() + seconds(60));
  clock_.Advance(seconds(59));
  scopes_.Tick();
  EXPECT_NE(scopes_.Find(id), nullptr);
  clock_.Advance(seconds(1));
  // Before the tick, too.
  EXPECT_EQ(scopes_.Find(id), nullptr);
  scopes_.Tick();
  EXPECT_EQ(user.told.size(), 1U);
  EXPECT_TRUE(scopes_.List().empty());
}

TEST_F(ScopesTest, AProcessHasOneScopeThatEndsWithIt) {
  ScopeRequest first = Request("", {"x"});
  first.until_ends = 42;
  const ScopeId before = Make(std::move(first))->id();
  ScopeRequest second = Request("", {"y"});
  second.until_ends = 42;
  const Scope& scope = *Make(std::move(second));
  EXPECT_EQ(scopes_.Find(before), nullptr);
  EXPECT_EQ(scopes_.List(), std::vector<const Scope*>{&scope});
  EXPECT_EQ(sockets_.open.at(scope.id()), 42);
  const ScopeId id = scope.id();
  scopes_.ProcessEnded(before);  // late news
  EXPECT_NE(scopes_.Find(id), nullptr);
  scopes_.ProcessEnded(id);
  EXPECT_EQ(scopes_.Find(id), nullptr);
}

TEST_F(ScopesTest, AllEndAtOnce) {
  Listener user;
  scopes_.Join(Make(Request("a", {"x"}))->id(), user);
  Make(Request("b", {"x"}));
  scopes_.EndAll();
  EXPECT_TRUE(scopes_.List().empty());
  EXPECT_TRUE(sockets_.open.empty());
  EXPECT_EQ(user.told.size(), 1U);
}

}  // namespace
}  // namespace libretto
