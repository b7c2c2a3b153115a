#include "cloud/mail/mail_queue.h"

#include <array>
#include <chrono>
#include <string>
#include <utility>

namespace libretto::cloud {
namespace {

constexpr std::array<std::chrono::seconds, 4> kRests = {
    std::chrono::seconds(10), std::chrono::minutes(1), std::chrono::minutes(5),
    std::chrono::minutes(15)};

}  // namespace

MailQueue::MailQueue(Mailer& inner, const Clock& clock,
                     std::function<void(const Status&)> log)
    : inner_(inner),
      clock_(clock),
      log_(std::move(log)),
      thread_([this] { Run(); }) {}

MailQueue::~MailQueue() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
  const std::size_t lost = ready_.size() + resting_.size();
  if (lost != 0) {
    log_(Offline(std::to_string(lost) + " not delivered before the stop"));
  }
}

Status MailQueue::Send(const Mail& mail) {
  {
    const std::scoped_lock lock(mutex_);
    if (ready_.size() + resting_.size() >= kMaxMails) {
      return Throttled("too many mails are waiting", kRests.front());
    }
    ready_.push_back({.mail = mail, .due = TimePoint()});
  }
  changed_.notify_one();
  return OkStatus();
}

void MailQueue::Tick() {
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(resting_, [&](Waiting& waiting) {
      if (waiting.due > clock_.Now()) return false;
      ready_.push_back(std::move(waiting));
      return true;
    });
  }
  changed_.notify_one();
}

void MailQueue::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !ready_.empty(); });
    if (stopping_) return;
    Waiting next = std::move(ready_.front());
    ready_.pop_front();
    lock.unlock();
    Deliver(std::move(next));
    lock.lock();
  }
}

void MailQueue::Deliver(Waiting waiting) {
  const Status sent = inner_.Send(waiting.mail);
  if (sent.ok()) return;
  const bool worth_another_try =
      sent.code() == StatusCode::kUnavailable && waiting.tries < kRests.size();
  if (!worth_another_try) return log_(sent);
  waiting.due = clock_.Now() + kRests[waiting.tries++];
  const std::scoped_lock lock(mutex_);
  resting_.push_back(std::move(waiting));
}

}  // namespace libretto::cloud
