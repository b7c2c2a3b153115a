// What works once, on every database: mailed tokens, logins of the command
// line.
#include <atomic>
#include <functional>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "cloud/core/refusal.h"
#include "tests/cloud/store/store_fixture.h"
#include "tests/matchers.h"

namespace libretto::cloud {
namespace {

using libretto::testing::HasCode;
using libretto::testing::IsOk;
using testing::At;
using testing::StoreTest;

constexpr auto kVerify = TokenPurpose::kVerifyEmail;
constexpr auto kReset = TokenPurpose::kResetPassword;

const auto kNotFound = HasCode(StatusCode::kNotFound);

// How many of many threads that try at once succeed; the others have to hear
// that there is nothing to be had.
int Successes(const std::function<Status(int)>& attempt) {
  constexpr int kThreads = 32;
  std::atomic<int> successes = 0;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&attempt, &successes, i] {
      const Status status = attempt(i);
      if (status.ok()) {
        ++successes;
      } else {
        EXPECT_THAT(status, kNotFound);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return successes;
}

class OneUseTest : public StoreTest {
 protected:
  void AddToken(TokenPurpose purpose, const std::string& hash,
                std::optional<std::string> user = "user ann") {
    ASSERT_THAT(store_->AddOneTimeToken({.token_hash = hash,
                                         .purpose = purpose,
                                         .user_id = std::move(user),
                                         .expires_at = At(1000)}),
                IsOk());
  }

  void AddLogin(const std::string& id) {
    ASSERT_THAT(
        store_->AddCliLogin(
            {.id = id, .secret_hash = "hash of " + id, .expires_at = At(1000)}),
        IsOk());
  }

  bool IsVerified(const std::string& user) {
    return store_->UserById(user)->email_verified;
  }
};

TEST_P(OneUseTest, ATokenVerifiesItsUserOnce) {
  AddAccount("ann");
  AddAccount("bob");
  AddToken(kVerify, "token");
  Reopen();
  ASSERT_THAT(store_->VerifyEmail("token", At(7)), IsOk());
  EXPECT_TRUE(IsVerified("user ann"));
  EXPECT_FALSE(IsVerified("user bob"));
  EXPECT_EQ(store_->UserById("user ann")->updated_at, At(7));
  EXPECT_THAT(store_->VerifyEmail("token", At(7)), kNotFound);
}

TEST_P(OneUseTest, ATokenWorksUntilItsTimeAndForItsPurpose) {
  AddAccount("ann");
  AddToken(kReset, "token");
  EXPECT_EQ(*store_->UserOfToken(kReset, "token", At(999)), "user ann");
  EXPECT_THAT(store_->UserOfToken(kReset, "token", At(1000)), kNotFound);
  EXPECT_THAT(store_->UserOfToken(kVerify, "token", At(1)), kNotFound);
  EXPECT_THAT(store_->VerifyEmail("token", At(1)), kNotFound);
  EXPECT_THAT(store_->ResetPassword("token", "new", At(1000)), kNotFound);
  EXPECT_EQ(store_->LoginByEmail("ann@x.test")->password_hash, "hash of ann");
  EXPECT_THAT(store_->ResetPassword("token", "new", At(999)), IsOk());
  EXPECT_EQ(store_->LoginByEmail("ann@x.test")->password_hash, "new");
}

TEST_P(OneUseTest, NobodysTokenDoesNothing) {
  AddToken(kVerify, "token", std::nullopt);
  EXPECT_THAT(store_->UserOfToken(kVerify, "token", At(1)), kNotFound);
  EXPECT_THAT(store_->VerifyEmail("token", At(1)), kNotFound);
}

TEST_P(OneUseTest, AUseTakesTheUsersOthersOfItsPurposeAlone) {
  AddAccount("ann");
  AddAccount("bob");
  AddToken(kReset, "one");
  AddToken(kReset, "two");
  AddToken(kVerify, "other purpose");
  AddToken(kReset, "bob's", "user bob");
  ASSERT_THAT(store_->ResetPassword("one", "new", At(1)), IsOk());
  EXPECT_THAT(store_->ResetPassword("two", "newer", At(1)), kNotFound);
  EXPECT_THAT(store_->VerifyEmail("other purpose", At(1)), IsOk());
  EXPECT_THAT(store_->ResetPassword("bob's", "new", At(1)), IsOk());
}

TEST_P(OneUseTest, AResetEndsSessionsAndApprovedLogins) {
  AddAccount("ann");
  AddAccount("bob");
  AddToken(kReset, "token");
  AddLogin("approved");
  AddLogin("open");
  ASSERT_THAT(ApproveCliLogin("approved", "user ann", At(1)), IsOk());
  ASSERT_THAT(store_->ResetPassword("token", "new", At(1)), IsOk());
  EXPECT_THAT(store_->SessionByTokenHash("hash of session ann"), kNotFound);
  EXPECT_THAT(store_->SessionByTokenHash("hash of session bob"), IsOk());
  EXPECT_THAT(store_->CliLoginById("approved"), kNotFound);
  EXPECT_THAT(store_->CliLoginById("open"), IsOk());
}

TEST_P(OneUseTest, ASessionThatAResetEndedApprovesNothing) {
  AddAccount("ann");
  AddAccount("bob");
  AddToken(kReset, "token");
  AddLogin("login");
  ASSERT_THAT(store_->ResetPassword("token", "new", At(1)), IsOk());
  EXPECT_EQ(RefusalOf(ApproveCliLogin("login", "user ann")),
            Refusal::kSignedOut);
  // Nor does somebody else's.
  EXPECT_EQ(RefusalOf(store_->ApproveCliLogin("login", "user ann",
                                              "session bob", At(1))),
            Refusal::kSignedOut);
  EXPECT_EQ(store_->CliLoginById("login")->user_id, std::nullopt);
}

TEST_P(OneUseTest, NoApprovalOutlivesAResetAtTheSameTime) {
  for (int i = 0; i < 20 && !HasFailure(); ++i) {
    const std::string name = "ann" + std::to_string(i);
    AddAccount(name);
    AddToken(kReset, name, "user " + name);
    AddLogin(name);
    std::latch start(2);
    std::thread reset([this, &start, &name] {
      start.arrive_and_wait();
      EXPECT_THAT(store_->ResetPassword(name, "new", At(1)), IsOk());
    });
    start.arrive_and_wait();
    const Status approved = ApproveCliLogin(name, "user " + name);
    reset.join();
    EXPECT_TRUE(approved.ok() || RefusalOf(approved) == Refusal::kSignedOut)
        << approved;
    // Open, or ended by the reset.
    const auto login = store_->CliLoginById(name);
    EXPECT_FALSE(login.ok() && login->user_id.has_value());
  }
}

TEST_P(OneUseTest, ASessionBeginsWithTheCurrentPasswordAlone) {
  AddAccount("ann");
  AddToken(kReset, "token");
  ASSERT_THAT(store_->ResetPassword("token", "new", At(1)), IsOk());
  EXPECT_THAT(store_->AddSession(SessionOf("user ann", "old"), "hash of ann"),
              kNotFound);
  EXPECT_THAT(store_->AddSession(SessionOf("user ann", "new"), "new"), IsOk());
  EXPECT_EQ(Rows("sessions"), 1);
}

TEST_P(OneUseTest, ALoginIsApprovedOnceAndRedeemedOnce) {
  AddAccount("ann");
  AddAccount("bob");
  AddLogin("login");
  const Session anns = SessionOf("user ann", "minted");
  EXPECT_EQ(store_->CliLoginById("login")->user_id, std::nullopt);
  EXPECT_THAT(store_->RedeemCliLogin("login", anns, At(1)), kNotFound);
  EXPECT_THAT(ApproveCliLogin("login", "user ann", At(1000)), kNotFound);
  EXPECT_THAT(ApproveCliLogin("login", "user ann", At(999)), IsOk());
  EXPECT_THAT(ApproveCliLogin("login", "user bob", At(1)), kNotFound);
  const auto approved = store_->CliLoginById("login");
  ASSERT_THAT(approved, IsOk());
  EXPECT_EQ(approved->user_id, "user ann");
  EXPECT_EQ(approved->secret_hash, "hash of login");
  EXPECT_EQ(approved->expires_at, At(1000));
  EXPECT_THAT(store_->RedeemCliLogin("login", anns, At(1000)), kNotFound);
  EXPECT_THAT(
      store_->RedeemCliLogin("login", SessionOf("user bob", "foreign"), At(1)),
      kNotFound);
  EXPECT_THAT(store_->RedeemCliLogin("login", anns, At(999)), IsOk());
  EXPECT_THAT(store_->SessionByTokenHash("hash of minted"), IsOk());
  EXPECT_THAT(store_->CliLoginById("login"), kNotFound);
}

TEST_P(OneUseTest, OneOfManyAtOnceVerifies) {
  AddAccount("ann");
  AddToken(kVerify, "token");
  EXPECT_EQ(
      Successes([this](int) { return store_->VerifyEmail("token", At(1)); }),
      1);
}

TEST_P(OneUseTest, OneOfManyAtOnceSetsThePasswordWhicheverLinkItHas) {
  AddAccount("ann");
  AddToken(kReset, "token 0");
  AddToken(kReset, "token 1");
  EXPECT_EQ(Successes([this](int i) {
              return store_->ResetPassword("token " + std::to_string(i % 2),
                                           "new", At(1));
            }),
            1);
}

TEST_P(OneUseTest, OneOfManyAtOnceApprovesAndOneGetsTheSession) {
  AddAccount("ann");
  AddAccount("bob");
  AddLogin("login");
  EXPECT_EQ(Successes([this](int i) {
              return ApproveCliLogin(
                  "login", i % 2 == 0 ? "user ann" : "user bob", At(1));
            }),
            1);
  const std::string user = *store_->CliLoginById("login")->user_id;
  EXPECT_EQ(Successes([this, &user](int i) {
              return store_->RedeemCliLogin(
                  "login", SessionOf(user, std::to_string(i)), At(1));
            }),
            1);
  EXPECT_EQ(Rows("sessions"), 2 + 1);
}

TEST_P(OneUseTest, WhatNobodyUsedIsRemoved) {
  AddAccount("ann");
  AddToken(kVerify, "token");
  AddToken(kVerify, "nobody's", std::nullopt);
  AddLogin("login");
  ASSERT_THAT(store_->RemoveExpired(At(999)), IsOk());
  EXPECT_EQ(Rows("one_time_tokens"), 2);
  ASSERT_THAT(store_->RemoveExpired(At(1000)), IsOk());
  EXPECT_EQ(Rows("one_time_tokens"), 0);
  // It may still be polled.
  constexpr std::int64_t kTenMinutes = 600'000;
  ASSERT_THAT(store_->RemoveExpired(At(999 + kTenMinutes)), IsOk());
  EXPECT_EQ(Rows("cli_logins"), 1);
  ASSERT_THAT(store_->RemoveExpired(At(1000 + kTenMinutes)), IsOk());
  EXPECT_EQ(Rows("cli_logins"), 0);
}

INSTANTIATE_TEST_SUITE_P(Databases, OneUseTest, testing::AllDatabases(),
                         testing::NameOfDatabase);

}  // namespace
}  // namespace libretto::cloud
