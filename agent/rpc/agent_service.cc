#include "agent/rpc/agent_service.h"

#include <unistd.h>

#include <utility>

#include "agent/core/cache_report.h"
#include "agent/rpc/sync_stream.h"

namespace libretto {
namespace {

namespace pb = agent::v1;
using CallPtr = std::unique_ptr<Call>;

pb::StatusResponse::SessionState ToProto(Session::State state) {
  switch (state) {
    case Session::State::kSignedOut:
      return pb::StatusResponse::SIGNED_OUT;
    case Session::State::kSignedIn:
      return pb::StatusResponse::SIGNED_IN;
    case Session::State::kEnded:
      return pb::StatusResponse::ENDED;
    case Session::State::kApiKey:
      return pb::StatusResponse::API_KEY;
    case Session::State::kLocked:
      return pb::StatusResponse::LOCKED;
  }
  return pb::StatusResponse::SESSION_STATE_UNSPECIFIED;
}

pb::StatusResponse::CloudState ToProto(const CacheReport& report) {
  switch (report.cloud) {
    case Breaker::State::kClosed:
      return pb::StatusResponse::ASKED;
    case Breaker::State::kWaiting:
      return report.told_to_wait ? pb::StatusResponse::ASKS_TO_WAIT
                                 : pb::StatusResponse::FAILING;
    case Breaker::State::kProbing:
      return pb::StatusResponse::PROBED;
  }
  return pb::StatusResponse::CLOUD_STATE_UNSPECIFIED;
}

std::int64_t UnixSeconds(const std::optional<WallTime>& time) {
  return time.has_value() ? std::chrono::system_clock::to_time_t(*time) : 0;
}

std::int64_t Number(std::size_t size) {
  return static_cast<std::int64_t>(size);
}

void FillCache(const CacheReport& report, pb::StatusResponse* response) {
  response->set_credentials(Number(report.credentials));
  response->set_cached(Number(report.cached));
  response->set_cached_bytes(Number(report.cached_bytes));
  response->set_max_cached(Number(report.limits.values));
  response->set_max_cached_bytes(Number(report.limits.bytes));
  response->set_hits(report.hits);
  response->set_misses(report.misses);
  response->set_last_sync_unix_s(UnixSeconds(report.last_sync));
  response->set_next_sync_unix_s(UnixSeconds(report.next_sync));
  response->set_offline_since_unix_s(UnixSeconds(report.offline_since));
  response->set_cloud(ToProto(report));
  response->set_retry_unix_s(UnixSeconds(report.next_try));
}

}  // namespace

void AgentService::RegisterWith(GrpcMethods& methods) {
  const std::string path = "/libretto.agent.v1.Agent/";
  AddUnary(methods, path + "Status", *this, &AgentService::Status);
  AddUnary(methods, path + "Stop", *this, &AgentService::Stop);
  AddStream<SyncStream, pb::SyncRequest>(methods, path + "Sync", context_);
}

void AgentService::Status(ExchangePtr exchange,
                          const pb::StatusRequest* request,
                          pb::StatusResponse* response) {
  ServeUnary(context_, std::move(exchange), "Agent.Status", "", request,
             Needs::kNothing, [this, response](Profile& profile, CallPtr call) {
               // A session file that cannot be understood is no reason
               // to keep the rest back.
               (void)profile.accounts.Load();
               Fill(profile, response);
               call->Finish(OkStatus());
             });
}

void AgentService::Fill(const Profile& profile,
                        pb::StatusResponse* response) const {
  const Session& session = profile.session;
  response->set_version(facts_.version);
  response->set_pid(getpid());
  response->set_socket(facts_.socket);
  response->set_uptime_s(std::chrono::duration_cast<std::chrono::seconds>(
                             clock_.Now() - facts_.started)
                             .count());
  response->set_session(lock_.locked() ? pb::StatusResponse::LOCKED
                                       : ToProto(session.state()));
  response->set_api_url(session.api_url());
  if (session.state() == Session::State::kSignedIn ||
      session.state() == Session::State::kEnded) {
    response->set_email(session.account().email);
  }
  response->set_key(pb::StatusResponse::NO_KEY);
  if (session.state() == Session::State::kApiKey) {
    response->set_key(pb::StatusResponse::FROM_ENVIRONMENT);
  } else if (profile.lease.held()) {
    response->set_key(pb::StatusResponse::LEASED);
    response->set_key_expires_unix_s(UnixSeconds(profile.lease.expires()));
  }
  FillCache(ReportOn(profile, clock_), response);
  response->set_connections(static_cast<std::int64_t>(facts_.connections()));
  response->set_resident_bytes(facts_.resident_bytes());
  response->set_scopes(
      static_cast<std::int64_t>(context_.scopes.List().size()));
  FillLock(response);
  FillAudit(response);
  FillHardening(response);
}

void AgentService::FillHardening(pb::StatusResponse* response) const {
  const Hardening& hardening = facts_.hardening;
  response->set_key_memory(hardening.key_memory);
  response->set_system_calls_filtered(hardening.system_calls_filtered);
  response->set_landlock_abi(hardening.landlock_abi);
  for (const std::uint16_t port : hardening.cloud_ports) {
    response->add_cloud_ports(port);
  }
  response->set_not_confined_because(hardening.missing);
}

void AgentService::FillLock(pb::StatusResponse* response) const {
  response->set_enrolled(lock_.enrolled());
  response->set_locked_because(lock_.because());
  response->set_idle_lock_s(lock_.idle().count());
  const LockTriggers triggers = facts_.lock_triggers();
  for (const std::string& trigger : triggers.active) {
    response->add_locks_on(trigger);
  }
  response->set_locks_not_on(triggers.missing);
}

void AgentService::FillAudit(pb::StatusResponse* response) const {
  const Audit::State audit = facts_.audit();
  response->set_audit_records(audit.head.sequence);
  response->set_audit_tag(AuditHex(audit.head.tag));
  response->set_audit_lost(audit.lost);
  response->set_audit_problem(Message(audit.writing));
}

void AgentService::Stop(ExchangePtr exchange, const pb::StopRequest* request,
                        pb::StopResponse* response) {
  ServeUnary(context_, std::move(exchange), "Agent.Stop", "", request,
             Needs::kNothing, [this, response](Profile&, CallPtr call) {
               response->set_pid(getpid());
               facts_.stop([call = std::move(call)]() mutable {
                 call->Finish(OkStatus());
               });
             });
}

}  // namespace libretto
