#include "agent/rpc/agent_service.h"

#include <unistd.h>

#include <utility>

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
  }
  return pb::StatusResponse::SESSION_STATE_UNSPECIFIED;
}

std::int64_t UnixSeconds(const std::optional<WallTime>& time) {
  return time.has_value() ? std::chrono::system_clock::to_time_t(*time) : 0;
}

}  // namespace

grpc::ServerUnaryReactor* AgentService::Status(
    grpc::CallbackServerContext* server_context,
    const pb::StatusRequest* request, pb::StatusResponse* response) {
  return ServeUnary(context_, server_context, "Agent.Status", "", request,
                    Needs::kNothing,
                    [this, response](Profile& profile, CallPtr call) {
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
  const Broker::Counters& counters = profile.broker.counters();
  response->set_version(facts_.version);
  response->set_pid(getpid());
  response->set_socket(facts_.socket);
  response->set_uptime_s(std::chrono::duration_cast<std::chrono::seconds>(
                             clock_.Now() - facts_.started)
                             .count());
  response->set_session(ToProto(session.state()));
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
  response->set_credentials(static_cast<std::int64_t>(profile.cache.entries()));
  response->set_cached(static_cast<std::int64_t>(profile.cache.values()));
  response->set_hits(counters.hits);
  response->set_misses(counters.misses);
  response->set_last_sync_unix_s(UnixSeconds(counters.last_list));
  response->set_offline_since_unix_s(UnixSeconds(counters.offline_since));
  response->set_connections(static_cast<std::int64_t>(facts_.connections()));
  response->set_resident_bytes(facts_.resident_bytes());
  const Hardening& hardening = facts_.hardening;
  response->set_key_memory(hardening.key_memory);
  response->set_system_calls_filtered(hardening.system_calls_filtered);
  response->set_landlock_abi(hardening.landlock_abi);
  for (const std::uint16_t port : hardening.cloud_ports) {
    response->add_cloud_ports(port);
  }
  response->set_not_confined_because(hardening.missing);
}

grpc::ServerWriteReactor<pb::SyncProgress>* AgentService::Sync(
    grpc::CallbackServerContext* server_context,
    const pb::SyncRequest* request) {
  auto* const stream = new SyncStream(context_, *server_context);
  stream->Start(*request);
  return stream;
}

grpc::ServerUnaryReactor* AgentService::Stop(
    grpc::CallbackServerContext* server_context, const pb::StopRequest* request,
    pb::StopResponse* response) {
  return ServeUnary(context_, server_context, "Agent.Stop", "", request,
                    Needs::kNothing, [this, response](Profile&, CallPtr call) {
                      response->set_pid(getpid());
                      facts_.stop([call = std::move(call)]() mutable {
                        call->Finish(OkStatus());
                      });
                    });
}

}  // namespace libretto
