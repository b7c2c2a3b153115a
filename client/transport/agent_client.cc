#include "client/transport/agent_client.h"

#include "client/transport/unreachable.h"
#include "libretto/agent/v1/accounts.pb.h"
#include "libretto/agent/v1/agent.pb.h"
#include "libretto/agent/v1/credentials.pb.h"

namespace libretto {
namespace {

constexpr std::chrono::seconds kLocal(2);
// The agent gives the cloud ten.
constexpr std::chrono::seconds kCloud(15);
constexpr std::chrono::minutes kSync(10);

constexpr char kGet[] = "/libretto.agent.v1.Credentials/Get";

Channel::Call MakeCall(const char* method,
                       const google::protobuf::MessageLite& request) {
  SecretBytes bytes(request.ByteSizeLong());
  request.SerializeToArray(bytes.RevealMutable(),
                           static_cast<int>(bytes.size()));
  return {method, std::move(bytes)};
}

Status Explained(const Status& status) {
  if (status.code() != StatusCode::kUnimplemented) return status;
  return WithRemedy(
      Status(StatusCode::kUnimplemented,
             "the running agent is older than this command and does not know "
             "this call"),
      "librettoctl agent stop");
}

template <typename Reply>
StatusOr<Reply> Parsed(const StatusOr<SecretBytes>& bytes) {
  if (!bytes.ok()) return Explained(bytes.status());
  Reply reply;
  const std::string_view text = bytes->Reveal();
  if (!reply.ParseFromArray(text.data(), static_cast<int>(text.size()))) {
    return Unreachable("the agent's answer cannot be parsed");
  }
  return reply;
}

template <typename Reply>
StatusOr<Reply> Ask(Channel& channel, const char* method,
                    const google::protobuf::MessageLite& request,
                    std::chrono::milliseconds limit) {
  return Parsed<Reply>(channel.Unary(MakeCall(method, request), In(limit)));
}

std::string Copy(const SecretBytes& secret) {
  return std::string(secret.Reveal());
}

StatusOr<Credential> ToCredential(const StatusOr<SecretBytes>& bytes) {
  StatusOr<agent::v1::GetResponse> reply =
      Parsed<agent::v1::GetResponse>(bytes);
  if (!reply.ok()) return reply.status();
  Credential credential;
  credential.name = reply->name();
  credential.value = SecretBytes::Take(std::move(*reply->mutable_value()));
  credential.age = std::chrono::milliseconds(reply->age_ms());
  credential.generation = reply->generation();
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

agent::v1::GetRequest GetRequestFor(const std::string& name) {
  agent::v1::GetRequest request;
  request.set_name(name);
  return request;
}

AgentStatus::Session ToSession(agent::v1::StatusResponse::SessionState state) {
  switch (state) {
    case agent::v1::StatusResponse::SIGNED_IN:
      return AgentStatus::Session::kSignedIn;
    case agent::v1::StatusResponse::ENDED:
      return AgentStatus::Session::kEnded;
    case agent::v1::StatusResponse::API_KEY:
      return AgentStatus::Session::kApiKey;
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

Identity::Source ToSource(agent::v1::WhoAmIResponse::Source source) {
  switch (source) {
    case agent::v1::WhoAmIResponse::SESSION:
      return Identity::Source::kSession;
    case agent::v1::WhoAmIResponse::ENVIRONMENT:
      return Identity::Source::kEnvironment;
    default:
      return Identity::Source::kNobody;
  }
}

}  // namespace

StatusOr<Credential> AgentClient::Get(const std::string& name) {
  return ToCredential(
      channel_.Unary(MakeCall(kGet, GetRequestFor(name)), In(kCloud)));
}

std::vector<StatusOr<Credential>> AgentClient::GetAll(
    const std::vector<std::string>& names) {
  std::vector<Channel::Call> calls;
  calls.reserve(names.size());
  for (const std::string& name : names) {
    calls.push_back(MakeCall(kGet, GetRequestFor(name)));
  }
  std::vector<StatusOr<Credential>> credentials;
  credentials.reserve(names.size());
  for (const auto& answer : channel_.Unary(std::move(calls), In(kCloud))) {
    credentials.push_back(ToCredential(answer));
  }
  return credentials;
}

StatusOr<CredentialList> AgentClient::List() {
  const auto reply = Ask<agent::v1::ListResponse>(
      channel_, "/libretto.agent.v1.Credentials/List", agent::v1::ListRequest(),
      kCloud);
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
      channel_, "/libretto.agent.v1.Credentials/Create", request, kCloud);
  WipeString(*request.mutable_value());
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
      channel_, "/libretto.agent.v1.Credentials/Update", request, kCloud);
  WipeString(*request.mutable_value());
  if (!reply.ok()) return reply.status();
  return StoredCredential{.id = reply->id(), .name = reply->name()};
}

StatusOr<StoredCredential> AgentClient::Upsert(const std::string& name,
                                               const SecretBytes& value) {
  agent::v1::UpsertRequest request;
  request.set_name(name);
  request.set_value(Copy(value));
  const auto reply = Ask<agent::v1::UpsertResponse>(
      channel_, "/libretto.agent.v1.Credentials/Upsert", request, kCloud);
  WipeString(*request.mutable_value());
  if (!reply.ok()) return reply.status();
  return StoredCredential{.id = reply->id(),
                          .name = reply->name(),
                          .overwritten = reply->overwritten()};
}

StatusOr<std::string> AgentClient::Delete(const std::string& name) {
  agent::v1::DeleteRequest request;
  request.set_name(name);
  const auto reply = Ask<agent::v1::DeleteResponse>(
      channel_, "/libretto.agent.v1.Credentials/Delete", request, kCloud);
  if (!reply.ok()) return reply.status();
  return reply->name();
}

StatusOr<SignedIn> AgentClient::SignUp(const SignUpForm& form) {
  agent::v1::SignUpRequest request;
  request.set_api_url(form.api_url);
  request.set_name(form.name);
  request.set_email(form.email);
  request.set_password(Copy(form.password));
  request.set_organization_name(form.organization_name);
  request.set_organization_slug(form.organization_slug);
  request.set_alert_email(form.alert_email);
  const auto reply = Ask<agent::v1::SignUpResponse>(
      channel_, "/libretto.agent.v1.Accounts/SignUp", request, kCloud);
  WipeString(*request.mutable_password());
  if (!reply.ok()) return reply.status();
  return SignedIn{.email = reply->email(),
                  .organization_slug = reply->organization_slug(),
                  .email_verified = reply->email_verified(),
                  .session_file = reply->session_file()};
}

StatusOr<SignedIn> AgentClient::Login(const LoginForm& form) {
  agent::v1::LoginRequest request;
  request.set_api_url(form.api_url);
  request.set_email(form.email);
  request.set_password(Copy(form.password));
  const auto reply = Ask<agent::v1::LoginResponse>(
      channel_, "/libretto.agent.v1.Accounts/Login", request, kCloud);
  WipeString(*request.mutable_password());
  if (!reply.ok()) return reply.status();
  return SignedIn{.email = reply->email(),
                  .email_verified = reply->email_verified(),
                  .session_file = reply->session_file()};
}

StatusOr<LoggedOut> AgentClient::Logout() {
  const auto reply = Ask<agent::v1::LogoutResponse>(
      channel_, "/libretto.agent.v1.Accounts/Logout",
      agent::v1::LogoutRequest(), kCloud);
  if (!reply.ok()) return reply.status();
  return LoggedOut{.was_signed_in = reply->was_signed_in(),
                   .not_revoked = {reply->not_revoked().begin(),
                                   reply->not_revoked().end()}};
}

StatusOr<Identity> AgentClient::WhoAmI(bool check) {
  agent::v1::WhoAmIRequest request;
  request.set_check(check);
  const auto reply = Ask<agent::v1::WhoAmIResponse>(
      channel_, "/libretto.agent.v1.Accounts/WhoAmI", request,
      check ? kCloud : kLocal);
  if (!reply.ok()) return reply.status();
  return Identity{.source = ToSource(reply->source()),
                  .email = reply->email(),
                  .user_id = reply->user_id(),
                  .api_url = reply->api_url(),
                  .organization_name = reply->organization_name(),
                  .organization_slug = reply->organization_slug(),
                  .expires_at = reply->expires_at(),
                  .session_file = reply->session_file(),
                  .checked = reply->checked(),
                  .email_verified = reply->email_verified()};
}

StatusOr<AgentStatus> AgentClient::GetStatus() {
  const auto reply = Ask<agent::v1::StatusResponse>(
      channel_, "/libretto.agent.v1.Agent/Status", agent::v1::StatusRequest(),
      kLocal);
  if (!reply.ok()) return reply.status();
  return AgentStatus{.version = reply->version(),
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
                     .resident_bytes = reply->resident_bytes()};
}

StatusOr<SyncProgress> AgentClient::Sync(
    absl::FunctionRef<void(const SyncProgress&)> on_progress) {
  SyncProgress last;
  const Status status = channel_.ServerStreaming(
      MakeCall("/libretto.agent.v1.Agent/Sync", agent::v1::SyncRequest()),
      In(kSync), [&last, on_progress](SecretBytes bytes) {
        const auto step = Parsed<agent::v1::SyncProgress>(std::move(bytes));
        if (!step.ok()) return step.status();
        last = {.total = step->total(),
                .done = step->done(),
                .known = step->known(),
                .dropped = step->dropped()};
        on_progress(last);
        return OkStatus();
      });
  if (!status.ok()) return Explained(status);
  return last;
}

StatusOr<std::int64_t> AgentClient::Stop() {
  const auto reply =
      Ask<agent::v1::StopResponse>(channel_, "/libretto.agent.v1.Agent/Stop",
                                   agent::v1::StopRequest(), kCloud);
  if (!reply.ok()) return reply.status();
  return reply->pid();
}

}  // namespace libretto
