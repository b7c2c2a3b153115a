// The calls of AgentClient that tell who gets what, and why.
#include "client/transport/agent_call.h"
#include "client/transport/agent_client.h"
#include "libretto/agent/v1/credentials.pb.h"

namespace libretto {
namespace {

namespace pb = agent::v1;

Explanation::Verdict ToVerdict(pb::ExplainResponse::Verdict verdict) {
  switch (verdict) {
    case pb::ExplainResponse::YES:
      return Explanation::Verdict::kYes;
    case pb::ExplainResponse::NO:
      return Explanation::Verdict::kNo;
    default:
      return Explanation::Verdict::kCloudDecides;
  }
}

Explanation::Rule ToRule(pb::ExplainResponse::Rule rule) {
  switch (rule) {
    case pb::ExplainResponse::NAME:
      return Explanation::Rule::kName;
    case pb::ExplainResponse::SCOPE:
      return Explanation::Rule::kScope;
    case pb::ExplainResponse::LOCK:
      return Explanation::Rule::kLock;
    case pb::ExplainResponse::SESSION:
      return Explanation::Rule::kSession;
    case pb::ExplainResponse::CACHE:
      return Explanation::Rule::kCache;
    case pb::ExplainResponse::LIST:
      return Explanation::Rule::kList;
    default:
      return Explanation::Rule::kCloud;
  }
}

Credential::Source ToSource(pb::GetResponse::Source source) {
  switch (source) {
    case pb::GetResponse::MEMORY:
      return Credential::Source::kMemory;
    case pb::GetResponse::STALE:
      return Credential::Source::kStale;
    default:
      return Credential::Source::kCloud;
  }
}

}  // namespace

StatusOr<Explanation> AgentClient::Explain(const std::string& name) {
  pb::ExplainRequest request;
  request.set_name(name);
  const auto reply =
      Ask<pb::ExplainResponse>("/libretto.agent.v1.Credentials/Explain",
                               std::move(request), kLocalLimit);
  if (!reply.ok()) return reply.status();
  const auto& reader = reply->last_reader();
  return Explanation{.name = reply->name(),
                     .verdict = ToVerdict(reply->verdict()),
                     .rule = ToRule(reply->rule()),
                     .why_not = reply->why_not(),
                     .remedy = reply->remedy(),
                     .source = ToSource(reply->source()),
                     .held = reply->held(),
                     .age = std::chrono::milliseconds(reply->age_ms()),
                     .reader_pid = reader.pid(),
                     .reader_process = reader.process(),
                     .reader_executable = reader.executable(),
                     .read_unix_s = reader.unix_s()};
}

}  // namespace libretto
