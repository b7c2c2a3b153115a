#include "client/transport/agent_client.h"

#include "client/transport/agent_call.h"
#include "libretto/agent/v1/agent.pb.h"
#include "libretto/agent/v1/credentials.pb.h"
#include "libretto/agent/v1/scopes.pb.h"

namespace libretto {
namespace {

constexpr std::chrono::minutes kSyncLimit(10);

// The agent ends a connection before.
constexpr std::chrono::hours kWatchLimit(2);

constexpr char kGet[] = "/libretto.agent.v1.Credentials/Get";
constexpr char kCreateScope[] = "/libretto.agent.v1.Scopes/Create";

StatusOr<Credential> ToCredential(const StatusOr<SecretBytes>& bytes) {
  StatusOr<agent::v1::GetResponse> reply =
      Parsed<agent::v1::GetResponse>(bytes);
  if (!reply.ok()) return reply.status();
  Credential credential;
  credential.name = reply->name();
  credential.value = SecretBytes::Take(std::move(*reply->mutable_value()));
  credential.age = std::chrono::milliseconds(reply->age_ms());
  credential.generation = reply->generation();
  credential.use_only = reply->use_only();
  switch (reply->source()) {
    case agent::v1::GetResponse::MEMORY:
      credential.source = Credential::Source::kMemory;
      break;
    case agent::v1::GetResponse::STALE:
      credential.source = Credential::Source::kStale;
      break;
    default:
      credential.source = Credential::Source::kCloud;
  }
  return credential;
}

agent::v1::GetRequest GetRequestFor(const ReferenceTarget& target,
                                    const Freshness& wanted) {
  agent::v1::GetRequest request;
  request.set_name(target.name);
  if (target.one_time_code) {
    request.set_attribute(agent::v1::GetRequest::OTP);
  }
  if (wanted.max_age.has_value()) {
    request.set_max_age_ms(wanted.max_age->count());
  }
  request.set_fresh(wanted.ask_first);
  return request;
}

StatusOr<std::string> ToSocket(const StatusOr<SecretBytes>& bytes) {
  const auto reply = Parsed<agent::v1::CreateScopeResponse>(bytes);
  if (!reply.ok()) return reply.status();
  return reply->scope().socket();
}

AgentStatus::Session ToSession(agent::v1::StatusResponse::SessionState state) {
  switch (state) {
    case agent::v1::StatusResponse::SIGNED_IN:
      return AgentStatus::Session::kSignedIn;
    case agent::v1::StatusResponse::ENDED:
      return AgentStatus::Session::kEnded;
    case agent::v1::StatusResponse::API_KEY:
      return AgentStatus::Session::kApiKey;
    case agent::v1::StatusResponse::LOCKED:
      return AgentStatus::Session::kLocked;
    default:
      return AgentStatus::Session::kSignedOut;
  }
}

AgentStatus::Key ToKey(agent::v1::StatusResponse::KeyState state) {
  switch (state) {
    case agent::v1::StatusResponse::LEASED:
      return AgentStatus::Key::kLeased;
    case agent::v1::StatusResponse::FROM_ENVIRONMENT:
      return AgentStatus::Key::kFromEnvironment;
    default:
      return AgentStatus::Key::kNone;
  }
}

AgentStatus::Cloud ToCloud(agent::v1::StatusResponse::CloudState state) {
  switch (state) {
    case agent::v1::StatusResponse::FAILING:
      return AgentStatus::Cloud::kFailing;
    case agent::v1::StatusResponse::ASKS_TO_WAIT:
      return AgentStatus::Cloud::kAsksToWait;
    case agent::v1::StatusResponse::PROBED:
      return AgentStatus::Cloud::kProbed;
    default:
      return AgentStatus::Cloud::kAsked;
  }
}

}  // namespace

StatusOr<Credential> AgentClient::Get(const ReferenceTarget& target,
                                      const Freshness& wanted) {
  return ToCredential(channel_.Unary(
      MakeCall(kGet, GetRequestFor(target, wanted)), In(kCloudLimit)));
}

std::vector<StatusOr<Credential>> AgentClient::GetAll(
    const std::vector<std::string>& names, const Freshness& wanted) {
  std::vector<ReferenceTarget> targets;
  targets.reserve(names.size());
  for (const std::string& name : names) targets.push_back({name});
  return GetAll(targets, wanted);
}

std::vector<StatusOr<Credential>> AgentClient::GetAll(
    const std::vector<ReferenceTarget>& targets, const Freshness& wanted) {
  std::vector<Channel::Call> calls;
  calls.reserve(targets.size());
  for (const ReferenceTarget& target : targets) {
    calls.push_back(MakeCall(kGet, GetRequestFor(target, wanted)));
  }
  std::vector<StatusOr<Credential>> credentials;
  credentials.reserve(targets.size());
  for (const auto& answer : channel_.Unary(std::move(calls), In(kCloudLimit))) {
    credentials.push_back(ToCredential(answer));
  }
  return credentials;
}

CommandShare AgentClient::GetForCommand(const std::vector<std::string>& names,
                                        const Freshness& wanted,
                                        bool with_scope) {
  std::vector<Channel::Call> calls;
  agent::v1::CreateScopeRequest scope;
  scope.set_ends_with_caller(true);
  for (const std::string& name : names) {
    agent::v1::GetRequest request = GetRequestFor({name}, wanted);
    request.set_purpose(agent::v1::GetRequest::RUN);
    calls.push_back(MakeCall(kGet, std::move(request)));
    scope.add_value_names(name);
  }
  // Behind them: none of them waits for it.
  if (with_scope) calls.push_back(MakeCall(kCreateScope, std::move(scope)));
  auto answers = channel_.Unary(std::move(calls), In(kCloudLimit));
  CommandShare share{{}, std::string()};
  if (with_scope) {
    share.socket = ToSocket(answers.back());
    answers.pop_back();
  }
  for (const auto& answer : answers) {
    share.credentials.push_back(ToCredential(answer));
  }
  return share;
}

StatusOr<CredentialList> AgentClient::List() {
  const auto reply =
      Ask<agent::v1::ListResponse>("/libretto.agent.v1.Credentials/List",
                                   agent::v1::ListRequest(), kCloudLimit);
  if (!reply.ok()) return reply.status();
  CredentialList list;
  list.stale = reply->stale();
  for (const auto& item : reply->credentials()) {
    list.credentials.push_back({.id = item.id(),
                                .name = item.name(),
                                .created_at = item.created_at(),
                                .updated_at = item.updated_at(),
                                .follows_rule = item.follows_rule(),
                                .cached = item.cached()});
  }
  return list;
}

StatusOr<StoredCredential> AgentClient::Create(const std::string& name,
                                               const SecretBytes& value) {
  agent::v1::CreateRequest request;
  request.set_name(name);
  request.set_value(Copy(value));
  const auto reply = Ask<agent::v1::CreateResponse>(
      "/libretto.agent.v1.Credentials/Create", std::move(request), kCloudLimit);
  if (!reply.ok()) return reply.status();
  return StoredCredential{.id = reply->id(), .name = reply->name()};
}

StatusOr<StoredCredential> AgentClient::Update(
    const std::string& name, const std::optional<SecretBytes>& value,
    const std::optional<std::string>& new_name) {
  agent::v1::UpdateRequest request;
  request.set_name(name);
  if (value.has_value()) request.set_value(Copy(*value));
  if (new_name.has_value()) request.set_new_name(*new_name);
  const auto reply = Ask<agent::v1::UpdateResponse>(
      "/libretto.agent.v1.Credentials/Update", std::move(request), kCloudLimit);
  if (!reply.ok()) return reply.status();
  return StoredCredential{.id = reply->id(), .name = reply->name()};
}

StatusOr<StoredCredential> AgentClient::Upsert(const std::string& name,
                                               const SecretBytes& value) {
  agent::v1::UpsertRequest request;
  request.set_name(name);
  request.set_value(Copy(value));
  const auto reply = Ask<agent::v1::UpsertResponse>(
      "/libretto.agent.v1.Credentials/Upsert", std::move(request), kCloudLimit);
  if (!reply.ok()) return reply.status();
  return StoredCredential{.id = reply->id(),
                          .name = reply->name(),
                          .overwritten = reply->overwritten()};
}

StatusOr<std::string> AgentClient::Delete(const std::string& name) {
  agent::v1::DeleteRequest request;
  request.set_name(name);
  const auto reply = Ask<agent::v1::DeleteResponse>(
      "/libretto.agent.v1.Credentials/Delete", std::move(request), kCloudLimit);
  if (!reply.ok()) return reply.status();
  return reply->name();
}

Status AgentClient::Watch(const std::vector<std::string>& names,
                          absl::FunctionRef<void(WatchEvent)> on_event) {
  agent::v1::WatchRequest request;
  for (const std::string& name : names) request.add_names(name);
  return Explained(channel_.ServerStreaming(
      MakeCall("/libretto.agent.v1.Credentials/Watch", std::move(request)),
      In(kWatchLimit), [on_event](SecretBytes bytes) {
        auto message = Parsed<agent::v1::WatchEvent>(std::move(bytes));
        if (!message.ok()) return message.status();
        WatchEvent event;
        event.name = message->name();
        if (message->has_value()) {
          auto& value = *message->mutable_value();
          event.kind = WatchEvent::Kind::kValue;
          event.value = SecretBytes::Take(std::move(*value.mutable_value()));
          event.generation = value.generation();
        } else if (message->has_gone()) {
          event.kind = WatchEvent::Kind::kGone;
        }
        on_event(std::move(event));
        return OkStatus();
      }));
}

StatusOr<AgentStatus> AgentClient::GetStatus() {
  const auto reply =
      Ask<agent::v1::StatusResponse>("/libretto.agent.v1.Agent/Status",
                                     agent::v1::StatusRequest(), kLocalLimit);
  if (!reply.ok()) return reply.status();
  return AgentStatus{
      .version = reply->version(),
      .pid = reply->pid(),
      .socket = reply->socket(),
      .uptime_s = reply->uptime_s(),
      .session = ToSession(reply->session()),
      .email = reply->email(),
      .api_url = reply->api_url(),
      .key = ToKey(reply->key()),
      .key_expires_unix_s = reply->key_expires_unix_s(),
      .credentials = reply->credentials(),
      .cached = reply->cached(),
      .hits = reply->hits(),
      .misses = reply->misses(),
      .last_sync_unix_s = reply->last_sync_unix_s(),
      .offline_since_unix_s = reply->offline_since_unix_s(),
      .connections = reply->connections(),
      .resident_bytes = reply->resident_bytes(),
      .scopes = reply->scopes(),
      .next_sync_unix_s = reply->next_sync_unix_s(),
      .cached_bytes = reply->cached_bytes(),
      .max_cached = reply->max_cached(),
      .max_cached_bytes = reply->max_cached_bytes(),
      .cloud = ToCloud(reply->cloud()),
      .retry_unix_s = reply->retry_unix_s(),
      .enrolled = reply->enrolled(),
      .locked_because = reply->locked_because(),
      .idle_lock_s = reply->idle_lock_s(),
      .locks_on = {reply->locks_on().begin(), reply->locks_on().end()},
      .locks_not_on = reply->locks_not_on(),
      .audit_records = reply->audit_records(),
      .audit_tag = reply->audit_tag(),
      .audit_lost = reply->audit_lost(),
      .audit_problem = reply->audit_problem(),
      .key_memory = reply->key_memory(),
      .system_calls_filtered = reply->system_calls_filtered(),
      .landlock_abi = reply->landlock_abi(),
      .cloud_ports = {reply->cloud_ports().begin(), reply->cloud_ports().end()},
      .not_confined_because = reply->not_confined_because()};
}

StatusOr<SyncProgress> AgentClient::Sync(
    absl::FunctionRef<void(const SyncProgress&)> on_progress) {
  SyncProgress last;
  const Status status = channel_.ServerStreaming(
      MakeCall("/libretto.agent.v1.Agent/Sync", agent::v1::SyncRequest()),
      In(kSyncLimit), [&last, on_progress](SecretBytes bytes) {
        const auto step = Parsed<agent::v1::SyncProgress>(std::move(bytes));
        if (!step.ok()) return step.status();
        last = {.total = step->total(),
                .done = step->done(),
                .known = step->known(),
                .dropped = step->dropped(),
                .wait_s = step->wait_s()};
        on_progress(last);
        return OkStatus();
      });
  if (!status.ok()) return Explained(status);
  return last;
}

StatusOr<std::int64_t> AgentClient::Stop() {
  const auto reply = Ask<agent::v1::StopResponse>(
      "/libretto.agent.v1.Agent/Stop", agent::v1::StopRequest(), kCloudLimit);
  if (!reply.ok()) return reply.status();
  return reply->pid();
}

}  // namespace libretto
