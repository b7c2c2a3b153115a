#include "cloud/mail/mail_queue.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/fakes/manual_clock.h"
#include "tests/matchers.h"

namespace libretto::cloud {
namespace {

using libretto::testing::HasCode;
using libretto::testing::IsOk;

// Hands every Send() to the test, which says how it ends.
class SlowMailer final : public Mailer {
 public:
  Status Send(const Mail& mail) override {
    std::unique_lock lock(mutex_);
    asked_.push_back(mail.subject);
    changed_.notify_all();
    changed_.wait(lock,
                  [this] { return takes_the_rest_ || !answers_.empty(); });
    if (answers_.empty()) return OkStatus();
    Status answer = answers_.front();
    answers_.pop_front();
    return answer;
  }

  void Answer(Status status) {
    const std::scoped_lock lock(mutex_);
    answers_.push_back(std::move(status));
    changed_.notify_all();
  }

  void TakeTheRest() {
    const std::scoped_lock lock(mutex_);
    takes_the_rest_ = true;
    changed_.notify_all();
  }

  // Waits until `count` mails were asked for in all.
  std::vector<std::string> Asked(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked_.size() >= count; });
    return asked_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> asked_;
  std::deque<Status> answers_;
  bool takes_the_rest_ = false;
};

class MailQueueTest : public ::testing::Test {
 protected:
  static Mail Titled(const std::string& subject) {
    return {"a@x.test", subject, "t\n"};
  }

  SlowMailer mailer_;
  libretto::testing::ManualClock clock_;
  std::vector<std::string> given_up_;
  std::optional<MailQueue> queue_{
      std::in_place, mailer_, clock_,
      [this](const Status& why) { given_up_.push_back(Message(why)); }};
};

TEST_F(MailQueueTest, SendingWaitsForNobody) {
  EXPECT_THAT(queue_->Send(Titled("1")), IsOk());
  EXPECT_THAT(queue_->Send(Titled("2")), IsOk());
  mailer_.Answer(OkStatus());
  EXPECT_EQ(mailer_.Asked(2), (std::vector<std::string>{"1", "2"}));
  mailer_.Answer(OkStatus());
  queue_.reset();
  EXPECT_TRUE(given_up_.empty());
}

TEST_F(MailQueueTest, AMailThatCannotGoNowGoesLaterAndHoldsNoOtherUp) {
  ASSERT_THAT(queue_->Send(Titled("late")), IsOk());
  ASSERT_THAT(queue_->Send(Titled("next")), IsOk());
  mailer_.Answer(Offline("away"));
  mailer_.Answer(OkStatus());
  mailer_.Asked(2);
  queue_->Tick();  // Nothing is due.
  ASSERT_THAT(queue_->Send(Titled("third")), IsOk());
  mailer_.Answer(OkStatus());
  EXPECT_EQ(mailer_.Asked(3).back(), "third");
  clock_.Advance(std::chrono::seconds(10));
  queue_->Tick();
  EXPECT_EQ(mailer_.Asked(4).back(), "late");
  mailer_.Answer(OkStatus());
  queue_.reset();
  EXPECT_TRUE(given_up_.empty());
}

TEST_F(MailQueueTest, AMailThatIsRefusedIsGivenUpAndReported) {
  ASSERT_THAT(queue_->Send(Titled("refused")), IsOk());
  ASSERT_THAT(queue_->Send(Titled("next")), IsOk());
  mailer_.Answer(Denied("no such mailbox"));
  mailer_.Answer(OkStatus());
  mailer_.Asked(2);
  queue_.reset();
  EXPECT_EQ(given_up_, std::vector<std::string>{"no such mailbox"});
}

TEST_F(MailQueueTest, AfterFiveTriesAMailIsGivenUp) {
  ASSERT_THAT(queue_->Send(Titled("never")), IsOk());
  for (std::size_t tries = 1; tries <= 5; ++tries) {
    mailer_.Asked(tries);
    // A second mail tells when the first has come to rest.
    ASSERT_THAT(queue_->Send(Titled("marker")), IsOk());
    mailer_.Answer(Offline("away"));
    mailer_.Asked(2 * tries);
    mailer_.Answer(OkStatus());
    clock_.Advance(std::chrono::minutes(15));
    queue_->Tick();
  }
  queue_.reset();
  EXPECT_EQ(given_up_, std::vector<std::string>{"away"});
}

TEST_F(MailQueueTest, WhatIsLeftAtTheEndIsCounted) {
  ASSERT_THAT(queue_->Send(Titled("sent")), IsOk());
  mailer_.Asked(1);
  ASSERT_THAT(queue_->Send(Titled("left")), IsOk());
  mailer_.Answer(Offline("away"));
  mailer_.Answer(Offline("away"));
  mailer_.Asked(2);
  queue_.reset();
  EXPECT_EQ(given_up_,
            std::vector<std::string>{"2 not delivered before the stop"});
}

TEST_F(MailQueueTest, ThereIsAnEndToWhatItHolds) {
  ASSERT_THAT(queue_->Send(Titled("taken")), IsOk());
  mailer_.Asked(1);
  for (std::size_t i = 0; i < MailQueue::kMaxMails; ++i) {
    ASSERT_THAT(queue_->Send(Titled("waiting")), IsOk());
  }
  EXPECT_THAT(queue_->Send(Titled("one too many")),
              HasCode(StatusCode::kResourceExhausted));
  // Or the queue would wait for an answer, and its end for the queue.
  mailer_.TakeTheRest();
  queue_.reset();
}

}  // namespace
}  // namespace libretto::cloud
