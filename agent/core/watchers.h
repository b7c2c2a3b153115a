// Watchers: who wants to know when a credential changes. After each list that
// was applied and each write, it asks the Broker for what is watched and tells
// who has not heard that yet. While there is a watcher, the Syncer keeps
// listing.
//
// Loop thread only. Completions may run before the call has returned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "agent/core/broker.h"
#include "agent/core/syncer.h"
#include "base/clock.h"
#include "base/seal.h"

namespace libretto {

// What a watcher is told; never calls back into Watchers.
class WatchSink {
 public:
  virtual ~WatchSink() = default;
  virtual void OnValue(const Credential& credential) = 0;
  virtual void OnGone(const CredentialName& name) = 0;
  // Once: each name has been reported, and what follows are changes.
  virtual void OnSettled() = 0;
  // Last. Unauthenticated() and the like when nobody is signed in any more,
  // Conflict() when somebody else is.
  virtual void OnOver(const Status& why) = 0;
};

class Watchers final : public Ticker {
 public:
  static constexpr std::size_t kMaxNames = 256;

  Watchers(Session& session, Broker& broker, Syncer& syncer, const Clock& clock)
      : session_(session), broker_(broker), syncer_(syncer), clock_(clock) {}

  // Returns a number for Cancel(). `sink` has to live until OnOver() or that.
  std::uint64_t Start(std::vector<CredentialName> names, WatchSink& sink);

  // The watcher has left: no more calls to its sink.
  void Cancel(std::uint64_t id);

  std::optional<TimePoint> NextDeadline() const override;
  void Tick() override;

 private:
  struct Watched {
    CredentialName name;
    bool asking = false;  // an answer is on its way
    bool again = false;   // and may be older than what there is to know
    bool reported = false;
    std::vector<std::byte> sealed = {};  // what was reported, if there is one
  };
  struct Watch {
    WatchSink* sink;
    std::uint64_t epoch;
    std::vector<Watched> names;
    bool settled = false;
  };

  void Look(std::uint64_t id);
  void Ask(std::uint64_t id, std::size_t index);
  void Answered(std::uint64_t id, std::size_t index,
                const StatusOr<Credential>& answer);
  void Report(Watch& watch, Watched& watched,
              const StatusOr<Credential>& answer);
  bool IsNews(const Watched& watched, const Credential& credential) const;
  void End(std::uint64_t id, const Status& why);

  Session& session_;
  Broker& broker_;
  Syncer& syncer_;
  const Clock& clock_;
  std::uint64_t ids_ = 0;
  std::map<std::uint64_t, Watch> watches_;
  std::uint64_t seen_changes_ = 0;
  std::uint64_t seen_epoch_ = 0;
  bool look_again_ = false;
};

}  // namespace libretto
