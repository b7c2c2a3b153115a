#include "agent/core/scopes.h"

#include <algorithm>
#include <utility>

namespace libretto {
namespace {

constexpr std::size_t kMaxScopeNameBytes = 32;
constexpr const char* kOwnNames = "run-";

bool IsScopeName(std::string_view name) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && name.size() <= kMaxScopeNameBytes &&
         is_word(name.front()) &&
         std::all_of(name.begin(), name.end(), [&is_word](char c) {
           return is_word(c) || c == '_' || c == '-';
         });
}

// The reason tells a scope's refusal from any other.
Status Refused(std::string_view why) {
  return WithReason(Denied(why), "scope");
}

std::string_view OrDefault(const std::string& profile) {
  return profile.empty() ? std::string_view(Profiles::kDefault) : profile;
}

}  // namespace

StatusOr<std::unique_ptr<Scope>> Scope::Make(ScopeId id, ScopeRequest request,
                                             TimePoint now) {
  if (!IsScopeName(request.name)) {
    return Invalid(
        "a scope's name is 1 to 32 characters of a-z, 0-9, '_' and '-', and "
        "begins with a letter or a digit");
  }
  const std::size_t names =
      request.value_names.size() + request.code_names.size();
  if (names == 0 || names > kMaxNames) {
    return Invalid("a scope is for 1 to 1024 credentials");
  }
  if (request.ttl.has_value() &&
      (request.ttl->count() < 1 || *request.ttl > kMaxTtl)) {
    return Invalid("a scope lives for 1 second to 365 days");
  }
  std::unique_ptr<Scope> scope(new Scope(id, std::move(request)));
  Status allowed = scope->Allow(scope->request_.code_names, Part::kCode);
  if (!allowed.ok()) return allowed;
  allowed = scope->Allow(scope->request_.value_names, Part::kValue);
  if (!allowed.ok()) return allowed;
  if (scope->request_.ttl.has_value()) {
    scope->expires_ = now + *scope->request_.ttl;
  }
  return scope;
}

Status Scope::Allow(std::vector<std::string>& texts, Part part) {
  for (std::string& text : texts) {
    const StatusOr<CredentialName> verbatim = CredentialName::Verbatim(text);
    if (!verbatim.ok()) return verbatim.status();
    // Both that it may mean, as with Broker::Resolve().
    reach_.insert_or_assign(text, part);
    const StatusOr<CredentialName> parsed = CredentialName::Parse(text);
    if (!parsed.ok()) continue;
    text = parsed->text();
    reach_.insert_or_assign(text, part);
  }
  return OkStatus();
}

std::optional<Scope::Part> Scope::ReachOf(std::string_view text) const {
  auto found = reach_.find(std::string(text));
  if (found == reach_.end()) {
    const StatusOr<CredentialName> parsed = CredentialName::Parse(text);
    if (parsed.ok()) found = reach_.find(parsed->text());
  }
  if (found == reach_.end()) return std::nullopt;
  return found->second;
}

Status Scope::CheckGet(std::string_view text, Part part,
                       Purpose purpose) const {
  const std::optional<Part> reach = ReachOf(text);
  if (!reach.has_value()) {
    return Refused("this socket's scope does not reach the credential " +
                   Printable(text));
  }
  if (*reach == Part::kCode) {
    if (part == Part::kCode) return OkStatus();
    return Refused("this socket's scope reaches the one-time code of " +
                   Printable(text) + " alone");
  }
  if (request_.use_only && purpose != Purpose::kRun) {
    return WithRemedy(
        Refused("this socket's scope hands " + Printable(text) +
                " to commands and shows it to nobody"),
        "librettoctl run --credential " + Printable(text) + " -- COMMAND");
  }
  return OkStatus();
}

Status Scope::CheckWatch(const std::vector<std::string_view>& texts) const {
  for (const std::string_view text : texts) {
    Status allowed = CheckGet(text, Part::kValue, Purpose::kRead);
    if (!allowed.ok()) return allowed;
  }
  return OkStatus();
}

Status Scope::CheckAccount(const CallerContext& caller) const {
  if (caller.profile.empty() ||
      caller.profile == OrDefault(request_.acts_as.profile)) {
    return OkStatus();
  }
  return Refused("this socket's scope acts for another profile than " +
                 Printable(caller.profile));
}

CallerContext Scope::ActsAs() const {
  const CallerContext& as = request_.acts_as;
  return {as.profile, as.api_url, as.api_key.Clone()};
}

StatusOr<const Scope*> Scopes::Create(ScopeRequest request) {
  const ScopeId id = ++ids_;
  if (request.name.starts_with(kOwnNames)) {
    return Invalid("names that begin with run- are the agent's own");
  }
  if (request.name.empty()) request.name = kOwnNames + std::to_string(id);
  for (const auto& [other, live] : live_) {
    if (live.scope->name() != request.name) continue;
    return WithRemedy(
        Conflict("there is a scope named " + Printable(request.name)),
        "librettoctl scope revoke " + Printable(request.name));
  }
  const pid_t process = request.until_ends;
  const auto before =
      std::find_if(live_.begin(), live_.end(), [process](const auto& entry) {
        return process != 0 &&
               entry.second.scope->request().until_ends == process;
      });
  if (live_.size() >= kMaxScopes && before == live_.end()) {
    return WithRemedy(
        Throttled("there are 256 scopes already", std::chrono::seconds(0)),
        "librettoctl scope list");
  }
  StatusOr<std::unique_ptr<Scope>> scope =
      Scope::Make(id, std::move(request), clock_.Now());
  if (!scope.ok()) return scope.status();
  StatusOr<std::string> socket =
      sockets_.Open(id, (*scope)->request().guest_uid, process);
  if (!socket.ok()) return socket.status();
  if (before != live_.end()) {
    End(before->first, Refused("its process has made another scope"));
  }
  Live& live = live_[id];
  live.scope = *std::move(scope);
  live.socket = *std::move(socket);
  return live.scope.get();
}

const Scope* Scopes::Find(ScopeId id) const {
  const auto found = live_.find(id);
  if (found == live_.end()) return nullptr;
  const Scope& scope = *found->second.scope;
  // Tick() may come a little late.
  return scope.expires().has_value() && *scope.expires() <= clock_.Now()
             ? nullptr
             : &scope;
}

Status Scopes::Ended() { return Refused("this socket's scope has ended"); }

std::vector<const Scope*> Scopes::List() const {
  std::vector<const Scope*> scopes;
  for (const auto& [id, live] : live_) scopes.push_back(live.scope.get());
  return scopes;
}

const std::string& Scopes::SocketOf(const Scope& scope) const {
  return live_.at(scope.id()).socket;
}

std::size_t Scopes::Connections(const Scope& scope) const {
  return sockets_.Connections(scope.id());
}

Status Scopes::Revoke(std::string_view name) {
  for (const auto& [id, live] : live_) {
    if (live.scope->name() != name) continue;
    End(id, Refused("this socket's scope was revoked"));
    return OkStatus();
  }
  return WithRemedy(NotFound("there is no scope named " + Printable(name)),
                    "librettoctl scope list");
}

void Scopes::ProcessEnded(ScopeId id) {
  End(id, Refused("the command that this socket's scope was for has ended"));
}

void Scopes::EndAll() {
  while (!live_.empty()) {
    End(live_.begin()->first, Refused("the agent stops"));
  }
}

void Scopes::Join(ScopeId id, ScopeUser& user) {
  live_.at(id).users.push_back(&user);
}

void Scopes::Leave(ScopeId id, ScopeUser& user) {
  const auto found = live_.find(id);
  if (found != live_.end()) std::erase(found->second.users, &user);
}

void Scopes::End(ScopeId id, const Status& why) {
  auto ended = live_.extract(id);
  if (ended.empty()) return;
  sockets_.Close(id);
  hang_up_at_[id] = clock_.Now() + kFarewell;
  for (ScopeUser* const user : ended.mapped().users) user->OnScopeEnded(why);
}

std::optional<TimePoint> Scopes::NextDeadline() const {
  std::optional<TimePoint> next;
  const auto consider = [&next](TimePoint at) {
    next = std::min(next.value_or(at), at);
  };
  for (const auto& [id, live] : live_) {
    if (live.scope->expires().has_value()) consider(*live.scope->expires());
  }
  for (const auto& [id, at] : hang_up_at_) consider(at);
  return next;
}

void Scopes::Tick() {
  const TimePoint now = clock_.Now();
  std::vector<ScopeId> expired;
  for (const auto& [id, live] : live_) {
    const auto& expires = live.scope->expires();
    if (expires.has_value() && *expires <= now) expired.push_back(id);
  }
  for (const ScopeId id : expired) {
    End(id, Refused("the time of this socket's scope is over"));
  }
  std::erase_if(hang_up_at_, [this, now](const auto& entry) {
    if (entry.second > now) return false;
    sockets_.HangUp(entry.first);
    return true;
  });
}

}  // namespace libretto
