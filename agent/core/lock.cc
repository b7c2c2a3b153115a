#include "agent/core/lock.h"

#include <algorithm>
#include <utility>

namespace libretto {

Lock::Lock(Sealing& sealing, Profiles& profiles, LockStorage& storage,
           Worker& worker, const Clock& clock, const LockOptions& options,
           LockReach reach)
    : sealing_(sealing),
      profiles_(profiles),
      storage_(storage),
      worker_(worker),
      clock_(clock),
      options_(options),
      reach_(std::move(reach)),
      not_before_(clock.Now()) {}

Status Lock::Start() {
  failures_ = storage_.LoadFailures();
  not_before_ = clock_.Now() + Delay();
  const StatusOr<std::optional<std::string>> file = storage_.Load();
  if (file.ok() && !file->has_value()) return OkStatus();
  // Also when the file cannot be read: then nobody can unlock, and says why.
  sealing_.Lock();
  profiles_.LockAll([](const Status&) {});
  because_ = "the agent has just started";
  return file.status();
}

void Lock::Enroll(Passphrase passphrase, DoneStatus done) {
  if (const Status good = passphrase.Check(); !good.ok()) {
    return std::move(done)(good);
  }
  if (enrolled()) {
    return std::move(done)(
        WithRemedy(Denied("a passphrase is enrolled already"),
                   "librettoctl agent unenroll, then agent enroll"));
  }
  worker_.Run([this, passphrase = std::move(passphrase),
               done = std::move(done)]() mutable -> Executor::Task {
    FileKey key = FileKey::Generate();
    StatusOr<std::string> file =
        SealUnderPassphrase(key, passphrase, options_.cost);
    return [this, file = std::move(file), key = std::move(key),
            done = std::move(done)]() mutable {
      if (!file.ok()) return std::move(done)(file.status());
      std::move(done)(Enrolled(*file, std::move(key)));
    };
  });
}

Status Lock::Enrolled(const std::string& file, FileKey key) {
  // Two may have asked at once.
  if (enrolled()) return Denied("a passphrase is enrolled already");
  if (profiles_.Default().session.state() == Session::State::kApiKey) {
    return WithRemedy(
        Denied("the agent uses LIBRETTO_API_KEY of its own environment, which "
               "it cannot seal"),
        "librettoctl agent stop, then start it without LIBRETTO_API_KEY");
  }
  if (Status taken = profiles_.TakeUpAll(); !taken.ok()) return taken;
  // A crash from here on loses nothing: sessions that still rest in the clear
  // are sealed at the next unlock.
  if (Status saved = storage_.Save(file); !saved.ok()) return saved;
  sealing_.Open(std::move(key));
  Status sealed = profiles_.RestoreAll();
  if (sealed.ok()) {
    profiles_.Touch();
    return sealed;
  }
  sealing_.TurnOff();
  sealed.Update(profiles_.RestoreAll());
  sealed.Update(storage_.Remove());
  return Annotate(sealed, "nothing was enrolled");
}

void Lock::Unenroll(Passphrase passphrase, DoneStatus done) {
  if (!enrolled()) return std::move(done)(NotEnrolled());
  Try(std::move(passphrase),
      [this, done = std::move(done)](StatusOr<FileKey> key) mutable {
        if (!key.ok()) return std::move(done)(key.status());
        if (Status opened = Opened(*std::move(key)); !opened.ok()) {
          return std::move(done)(opened);
        }
        if (Status taken = profiles_.TakeUpAll(); !taken.ok()) {
          return std::move(done)(taken);
        }
        // While the key to them is nowhere but where it is sealed.
        profiles_.RemoveSnapshots();
        // Until the passphrase file is gone the agent counts as enrolled, and
        // an unlock seals again what has been written by then.
        sealing_.TurnOff();
        Status written = profiles_.RestoreAll();
        if (written.ok()) written = storage_.Remove();
        std::move(done)(written);
      });
}

Status Lock::Discard() {
  if (!enrolled()) return NotEnrolled();
  if (!locked()) {
    (void)LockNow("the passphrase was discarded", [](const Status&) {});
  }
  profiles_.RemoveSnapshots();
  if (Status gone = storage_.Discard(); !gone.ok()) return gone;
  sealing_.TurnOff();
  because_.clear();
  failures_ = 0;
  storage_.SaveFailures(0);
  return profiles_.UnlockAll();
}

void Lock::Unlock(Passphrase passphrase, DoneStatus done) {
  if (!enrolled()) return std::move(done)(NotEnrolled());
  Try(std::move(passphrase),
      [this, done = std::move(done)](StatusOr<FileKey> key) mutable {
        if (!key.ok()) return std::move(done)(key.status());
        std::move(done)(Opened(*std::move(key)));
      });
}

Status Lock::Opened(FileKey key) {
  if (!locked()) return OkStatus();
  sealing_.Open(std::move(key));
  because_.clear();
  return profiles_.UnlockAll();
}

Status Lock::LockNow(std::string_view because, DoneStatus released) {
  if (!enrolled()) {
    Status refused = NotEnrolled();
    std::move(released)(refused);
    return refused;
  }
  if (locked()) {
    std::move(released)(OkStatus());
    return OkStatus();
  }
  because_ = because;
  sealing_.Lock();
  // What these bring would come too late for anybody.
  reach_.end_cloud_calls();
  profiles_.LockAll(std::move(released));
  reach_.on_locked(because_);
  return OkStatus();
}

void Lock::Forget(std::string_view because, DoneStatus released) {
  if (!enrolled()) {
    reach_.end_cloud_calls();
    return profiles_.ForgetAll(std::move(released));
  }
  // First of all, so that the lock keeps nothing of it.
  profiles_.DropCaches();
  (void)LockNow(because, std::move(released));
  profiles_.ForgetAll([](const Status&) {});
}

void Lock::Panic() {
  reach_.revoke_scopes();
  Forget("of a panic", [](const Status&) {});
}

void Lock::Stop() {
  const Status stopping = Offline("the agent is stopping");
  if (refused_.has_value()) {
    Refused refused = *std::exchange(refused_, std::nullopt);
    std::move(refused.done)(refused.why);
  }
  for (Attempt& attempt : std::exchange(waiting_, {})) {
    std::move(attempt.done)(stopping);
  }
}

void Lock::Try(Passphrase passphrase, Done<FileKey> done) {
  if (waiting_.size() >= kMaxWaiting) {
    return std::move(done)(Throttled(
        "too many passphrases are waiting to be tried",
        std::chrono::ceil<std::chrono::seconds>(Delay() +
                                                std::chrono::milliseconds(1))));
  }
  waiting_.push_back({std::move(passphrase), std::move(done)});
  Tick();
}

void Lock::TryNext() {
  const StatusOr<std::optional<std::string>> file = storage_.Load();
  Attempt attempt = std::move(waiting_.front());
  waiting_.pop_front();
  if (!file.ok() || !file->has_value()) {
    return std::move(attempt.done)(file.ok() ? NotEnrolled() : file.status());
  }
  trying_ = true;
  // First written down: one who ends the agent meanwhile gains nothing.
  storage_.SaveFailures(failures_ + 1);
  worker_.Run([this, text = **file,
               attempt = std::move(attempt)]() mutable -> Executor::Task {
    StatusOr<FileKey> key = OpenWithPassphrase(text, attempt.passphrase);
    attempt.passphrase.text.Wipe();
    return
        [this, key = std::move(key), done = std::move(attempt.done)]() mutable {
          Tried(std::move(key), std::move(done));
        };
  });
}

void Lock::Tried(StatusOr<FileKey> key, Done<FileKey> done) {
  trying_ = false;
  if (key.status().code() == StatusCode::kUnauthenticated) {
    ++failures_;
    not_before_ = clock_.Now() + Delay();
    refused_ = Refused{std::move(done), key.status()};
    return;
  }
  if (key.ok()) failures_ = 0;
  storage_.SaveFailures(failures_);
  std::move(done)(std::move(key));
}

std::optional<TimePoint> Lock::NextDeadline() const {
  std::optional<TimePoint> next = IdleDeadline();
  if (!trying_ && (refused_.has_value() || !waiting_.empty())) {
    next = std::min(next.value_or(not_before_), not_before_);
  }
  return next;
}

void Lock::Tick() {
  const TimePoint now = clock_.Now();
  if (!trying_ && now >= not_before_) {
    if (refused_.has_value()) {
      Refused refused = *std::exchange(refused_, std::nullopt);
      std::move(refused.done)(refused.why);
    }
    if (!trying_ && !waiting_.empty()) TryNext();
  }
  const auto idle_deadline = IdleDeadline();
  if (idle_deadline.has_value() && now >= *idle_deadline) {
    (void)LockNow(
        "nobody needed it for " + std::to_string(idle().count()) + " s",
        [](const Status&) {});
  }
}

std::optional<TimePoint> Lock::IdleDeadline() const {
  if (idle().count() == 0 || sealing_.state() != Sealing::State::kOpen) {
    return std::nullopt;
  }
  return profiles_.last_call() + idle();
}

std::chrono::milliseconds Lock::Delay() const {
  return std::min<std::chrono::milliseconds>(kDelayStep * failures_, kMaxDelay);
}

Status Lock::NotEnrolled() const {
  return WithRemedy(
      Denied("no passphrase is enrolled: the session rests in a file that "
             "this user's programs can read, so a lock would keep nobody out"),
      "librettoctl agent enroll; or librettoctl agent forget, to empty the "
      "memory");
}

}  // namespace libretto
