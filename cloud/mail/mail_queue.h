// A Mailer in front of a slow one: Send() returns at once, so that neither a
// request waits for a mail server nor its time tells whether there was a mail
// to send. Mails that cannot be delivered now are tried again, 10 seconds, 1,
// 5 and 15 minutes later; they lie in memory alone, and a mail that is lost
// with the process can be asked for again. Any thread (guarded).
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "cloud/core/mailer.h"

namespace libretto::cloud {

class MailQueue final : public Mailer {
 public:
  static constexpr std::size_t kMaxMails = 1'000;

  // `inner` and `clock` outlive this. `log` is told of every mail that is
  // given up, on the thread that sends.
  MailQueue(Mailer& inner, const Clock& clock,
            std::function<void(const Status&)> log);
  ~MailQueue() override;
  MailQueue(const MailQueue&) = delete;
  MailQueue& operator=(const MailQueue&) = delete;

  // Throttled() when there are too many mails already.
  Status Send(const Mail& mail) override;

  // To be called every few seconds: takes up again what is due.
  void Tick();

 private:
  struct Waiting {
    Mail mail;
    std::size_t tries = 0;
    TimePoint due;
  };

  void Run();
  void Deliver(Waiting waiting);

  Mailer& inner_;
  const Clock& clock_;
  const std::function<void(const Status&)> log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> ready_;    // guarded by mutex_
  std::deque<Waiting> resting_;  // guarded by mutex_
  bool stopping_ = false;        // guarded by mutex_
  std::thread thread_;
};

}  // namespace libretto::cloud
