#include "agent/rpc/gate.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace libretto {
namespace {

namespace pb = agent::v1;

constexpr MethodRule kRules[] = {
    {"Accounts.AcceptInvite"},
    {"Accounts.BorrowApiKey"},
    {"Accounts.BrowserLogin"},
    {"Accounts.DeleteAccount"},
    {"Accounts.ForgotPassword"},
    {"Accounts.Invite"},
    {"Accounts.IssueApiKey"},
    {"Accounts.ListApiKeys"},
    {"Accounts.Login"},
    {"Accounts.Logout"},
    {"Accounts.RevokeApiKey"},
    {"Accounts.SignUp"},
    {"Accounts.WhoAmI"},
    {"Agent.Status"},
    {"Agent.Stop"},
    {"Agent.Sync"},
    {"Credentials.Create"},
    {"Credentials.Delete"},
    {"Credentials.Explain", /*for_scopes=*/true},
    {"Credentials.Get", /*for_scopes=*/true},
    {"Credentials.List", /*for_scopes=*/true},
    {"Credentials.Update"},
    {"Credentials.Upsert"},
    {"Credentials.Watch", /*for_scopes=*/true},
    {"Locking.Enroll"},
    {"Locking.Forget"},
    {"Locking.Lock"},
    {"Locking.Panic"},
    {"Locking.Unenroll"},
    {"Locking.Unlock"},
    {"Scopes.Create"},
    {"Scopes.List"},
    {"Scopes.Revoke"},
};

}  // namespace

std::span<const MethodRule> MethodRules() { return kRules; }

StatusOr<const Scope*> ScopeOf(const Scopes& scopes, const Caller& caller,
                               std::string_view method) {
  if (caller.scope == 0) return nullptr;
  const Scope* const scope = scopes.Find(caller.scope);
  if (scope == nullptr) return Scopes::Ended();
  const auto* const rule = std::find_if(
      std::begin(kRules), std::end(kRules),
      [method](const MethodRule& r) { return r.method == method; });
  if (rule == std::end(kRules) || !rule->for_scopes) return NotForScopes();
  return scope;
}

Status NotForScopes() {
  return WithReason(Denied("this socket is for a scope, which answers for its "
                           "credentials and for nothing else"),
                    "scope");
}

// The answer says what the scope does not reach.
Status CheckRequest(const Scope& /*scope*/,
                    const pb::ExplainRequest& /*request*/) {
  return OkStatus();
}

Status CheckRequest(const Scope& scope, const pb::GetRequest& request) {
  const auto part = request.attribute() == pb::GetRequest::OTP
                        ? Scope::Part::kCode
                        : Scope::Part::kValue;
  const auto purpose = request.purpose() == pb::GetRequest::RUN
                           ? Scope::Purpose::kRun
                           : Scope::Purpose::kRead;
  return scope.CheckGet(request.name(), part, purpose);
}

// The answer has the scope's names alone.
Status CheckRequest(const Scope& /*scope*/,
                    const pb::ListRequest& /*request*/) {
  return OkStatus();
}

Status CheckRequest(const Scope& scope, const pb::WatchRequest& request) {
  const std::vector<std::string_view> texts(request.names().begin(),
                                            request.names().end());
  return scope.CheckWatch(texts);
}

}  // namespace libretto
