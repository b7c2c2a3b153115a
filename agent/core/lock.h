// Lock: whether the agent is locked, and what it takes to lock and unlock it.
// One passphrase for all profiles: a random key is sealed under it, and the
// sessions under that key (base/sealed_file.h).
//
// Locking takes data keys, sessions and plaintext out of memory before it
// returns; what is cached stays as ciphertext, so that unlocking asks nobody.
// Passphrases are tried one after the other: each wrong one is answered later
// than the one before, and the next is not looked at until then. Nobody else
// waits for that.
//
// Loop thread only. Completions may run before the call has returned.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "agent/core/profiles.h"
#include "agent/core/sealing.h"
#include "agent/core/worker.h"
#include "base/clock.h"
#include "base/sealed_file.h"

namespace libretto {

// Where the lock rests.
class LockStorage {
 public:
  virtual ~LockStorage() = default;
  // The passphrase file; nothing when no passphrase is enrolled.
  virtual StatusOr<std::optional<std::string>> Load() = 0;
  virtual Status Save(std::string_view passphrase_file) = 0;
  virtual Status Remove() = 0;
  // Removes what is sealed, for good: every session file and the passphrase
  // file.
  virtual Status Discard() = 0;
  // How many passphrases in a row were wrong; survives a restart.
  virtual int LoadFailures() = 0;
  virtual void SaveFailures(int failures) = 0;
};

struct LockOptions {
  // Locks by itself when no caller has needed a session for so long; zero:
  // never.
  std::chrono::seconds idle{0};
  Argon2Cost cost = {};  // of a passphrase that is enrolled
};

// What a lock reaches beyond the profiles. Loop thread.
struct LockReach {
  // Ends every call of the cloud that is in flight.
  std::function<void()> end_cloud_calls = [] {};
  // It has locked; once each time.
  std::function<void(std::string_view because)> on_locked =
      [](std::string_view) {};
  // Only in a panic: takes back what was given to others.
  std::function<void()> revoke_scopes = [] {};
};

class Lock final : public Ticker {
 public:
  static constexpr std::chrono::milliseconds kDelayStep{100};
  static constexpr std::chrono::milliseconds kMaxDelay{10'000};
  static constexpr std::size_t kMaxWaiting = 4;

  Lock(Sealing& sealing, Profiles& profiles, LockStorage& storage,
       Worker& worker, const Clock& clock, const LockOptions& options,
       LockReach reach);

  // Locked from the start, where a passphrase is enrolled.
  Status Start();

  bool enrolled() const { return sealing_.state() != Sealing::State::kOff; }
  bool locked() const { return sealing_.state() == Sealing::State::kLocked; }
  std::chrono::seconds idle() const { return options_.idle; }
  // Why it is locked; empty when it is not.
  const std::string& because() const { return because_; }

  // From now on sessions rest sealed. Denied() when there is a passphrase.
  void Enroll(Passphrase passphrase, DoneStatus done);
  // From now on sessions rest in the clear, as the public command has them.
  void Unenroll(Passphrase passphrase, DoneStatus done);
  // The same for who has lost the passphrase: the sessions are lost with it.
  Status Discard();

  // Unauthenticated() when the passphrase is wrong, Throttled() when too many
  // wait. Fine when the agent is not locked, if it is the right one.
  void Unlock(Passphrase passphrase, DoneStatus done);

  // Denied() when no passphrase is enrolled. `released` runs when the API keys
  // have revoked themselves or will not; see KeyLease.
  Status LockNow(std::string_view because, DoneStatus released);

  // Empties the memory, ciphertext included, and locks where that can be.
  void Forget(std::string_view because, DoneStatus released);

  // Forget(), and takes back what was given to others. Returns before the
  // cloud has heard of it.
  void Panic();

  // Whoever waits for a passphrase to be tried hears that the agent stops.
  void Stop();

  std::optional<TimePoint> NextDeadline() const override;
  void Tick() override;

 private:
  struct Attempt {
    Passphrase passphrase;
    Done<FileKey> done;
  };
  struct Refused {
    Done<FileKey> done;
    Status why;
  };

  void Try(Passphrase passphrase, Done<FileKey> done);
  void TryNext();
  void Tried(StatusOr<FileKey> key, Done<FileKey> done);
  Status Enrolled(const std::string& file, FileKey key);
  Status Opened(FileKey key);
  Status NotEnrolled() const;
  std::chrono::milliseconds Delay() const;
  std::optional<TimePoint> IdleDeadline() const;

  Sealing& sealing_;
  Profiles& profiles_;
  LockStorage& storage_;
  Worker& worker_;
  const Clock& clock_;
  const LockOptions options_;
  const LockReach reach_;
  std::string because_;
  int failures_ = 0;
  TimePoint not_before_;  // when the next passphrase may be tried
  std::deque<Attempt> waiting_;
  std::optional<Refused> refused_;  // is told when that time has come
  bool trying_ = false;
};

}  // namespace libretto
