// Scopes: further sockets, each of which answers for some credentials alone and
// for as long as it was made for: until it is revoked, its time is over, its
// process has ended or the agent stops. A scope never grows.
//
// Scope: immutable after construction. Scopes: loop thread only.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/caller.h"
#include "agent/core/profiles.h"
#include "base/clock.h"
#include "base/credential_name.h"
#include "base/errors.h"

namespace libretto {

struct ScopeRequest {
  std::string name;  // empty: one is made up
  std::vector<std::string> value_names;
  std::vector<std::string> code_names;  // their one-time codes, not the seeds
  bool use_only = false;
  std::optional<std::chrono::seconds> ttl;
  pid_t until_ends = 0;            // the process that it ends with; 0: none
  std::optional<uid_t> guest_uid;  // may connect, besides the owner
  CallerContext acts_as;           // whoever calls through it
};

class Scope {
 public:
  static constexpr std::size_t kMaxNames = 1024;
  static constexpr std::chrono::seconds kMaxTtl{std::chrono::hours(365 * 24)};

  enum class Part { kCode, kValue };  // who has the value has the code
  enum class Purpose { kRead, kRun };

  // Invalid() for no names or too many, an impossible one, and a lifetime that
  // is none.
  static StatusOr<std::unique_ptr<Scope>> Make(ScopeId id, ScopeRequest request,
                                               TimePoint now);

  // Denied() where the name that is meant by `text` is not in the scope, exists
  // or not, and where this is not what it may be had for.
  Status CheckGet(std::string_view text, Part part, Purpose purpose) const;
  // Denied() where one of them may not be read at any time.
  Status CheckWatch(const std::vector<std::string_view>& texts) const;
  // Denied() for a caller who means another account.
  Status CheckAccount(const CallerContext& caller) const;

  bool Has(const CredentialName& name) const {
    return reach_.contains(name.text());
  }
  CallerContext ActsAs() const;

  ScopeId id() const { return id_; }
  const std::string& name() const { return request_.name; }
  const ScopeRequest& request() const { return request_; }
  const std::optional<TimePoint>& expires() const { return expires_; }

 private:
  Scope(ScopeId id, ScopeRequest request)
      : id_(id), request_(std::move(request)) {}

  Status Allow(std::vector<std::string>& texts, Part part);
  // Nothing: it is not in the scope.
  std::optional<Part> ReachOf(std::string_view text) const;

  const ScopeId id_;
  ScopeRequest request_;
  std::map<std::string, Part> reach_;
  std::optional<TimePoint> expires_;
};

// What Scopes needs of the system.
class ScopeSockets {
 public:
  virtual ~ScopeSockets() = default;
  // Listens at a path of its own, which it returns; calls back once
  // `until_ends` has ended. NotFound() when that has ended already.
  virtual StatusOr<std::string> Open(ScopeId id, std::optional<uid_t> guest_uid,
                                     pid_t until_ends) = 0;
  // Accepts no more, and the path is gone.
  virtual void Close(ScopeId id) = 0;
  // Ends the connections that there still are. After Close().
  virtual void HangUp(ScopeId id) = 0;
  virtual std::size_t Connections(ScopeId id) const = 0;
};

// A call that goes on, through a scope's socket.
class ScopeUser {
 public:
  virtual ~ScopeUser() = default;
  // Once; leaves by itself afterwards.
  virtual void OnScopeEnded(const Status& why) = 0;
};

class Scopes final : public Ticker {
 public:
  static constexpr std::size_t kMaxScopes = 256;
  // Between the last word to who is connected and the end of the connection.
  static constexpr std::chrono::milliseconds kFarewell{500};

  Scopes(ScopeSockets& sockets, const Clock& clock)
      : sockets_(sockets), clock_(clock) {}

  // Conflict() when the name is taken. A process has one scope that ends with
  // it: another takes that one's place.
  StatusOr<const Scope*> Create(ScopeRequest request);

  // Null when it has ended.
  const Scope* Find(ScopeId id) const;
  // Why there is no such scope any more: Denied().
  static Status Ended();

  std::vector<const Scope*> List() const;  // oldest first
  const std::string& SocketOf(const Scope& scope) const;
  std::size_t Connections(const Scope& scope) const;

  Status Revoke(std::string_view name);
  void ProcessEnded(ScopeId id);
  void EndAll();  // the agent stops

  // REQUIRES: Find(id) != nullptr
  void Join(ScopeId id, ScopeUser& user);
  void Leave(ScopeId id, ScopeUser& user);

  std::optional<TimePoint> NextDeadline() const override;
  void Tick() override;

 private:
  struct Live {
    std::unique_ptr<Scope> scope;
    std::string socket;
    std::vector<ScopeUser*> users;
  };

  void End(ScopeId id, const Status& why);

  ScopeSockets& sockets_;
  const Clock& clock_;
  ScopeId ids_ = 0;
  std::map<ScopeId, Live> live_;
  std::map<ScopeId, TimePoint> hang_up_at_;
};

}  // namespace libretto
