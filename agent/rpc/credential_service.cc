#include "agent/rpc/credential_service.h"

#include <optional>
#include <utility>

#include "agent/core/explain.h"
#include "agent/rpc/watch_stream.h"
#include "base/credential_name.h"

namespace libretto {
namespace {

namespace pb = agent::v1;
using CallPtr = std::unique_ptr<Call>;

pb::GetResponse::Source ToProto(Credential::Source source) {
  switch (source) {
    case Credential::Source::kMemory:
      return pb::GetResponse::MEMORY;
    case Credential::Source::kCloud:
      return pb::GetResponse::CLOUD;
    case Credential::Source::kStale:
      return pb::GetResponse::STALE;
  }
  return pb::GetResponse::SOURCE_UNSPECIFIED;
}

void Fill(const Credential& credential, pb::GetResponse* response) {
  const std::string_view value = credential.value.Reveal();
  response->set_name(credential.name);
  response->set_value(value.data(), value.size());
  response->set_age_ms(credential.age.count());
  response->set_source(ToProto(credential.source));
  response->set_generation(credential.generation);
}

// The name that is meant, of those that the scope has. What it does not have is
// as if it were not in the cloud.
void Resolve(Profile& profile, const Scope* scope, std::string_view text,
             Done<CredentialName> done) {
  if (scope != nullptr) {
    const StatusOr<CredentialName> verbatim = CredentialName::Verbatim(text);
    if (!verbatim.ok() || !scope->Has(*verbatim)) {
      return std::move(done)(CredentialName::Parse(text));
    }
  }
  profile.broker.Resolve(text, std::move(done));
}

StatusOr<Freshness> WantedBy(const pb::GetRequest& request) {
  Freshness wanted;
  wanted.ask_first = request.fresh();
  if (request.has_max_age_ms()) {
    if (request.max_age_ms() < 0) return Invalid("an age is not negative");
    wanted.max_age = std::chrono::milliseconds(request.max_age_ms());
  }
  return wanted;
}

pb::ExplainResponse::Verdict ToProto(Explanation::Verdict verdict) {
  switch (verdict) {
    case Explanation::Verdict::kYes:
      return pb::ExplainResponse::YES;
    case Explanation::Verdict::kNo:
      return pb::ExplainResponse::NO;
    case Explanation::Verdict::kCloudDecides:
      return pb::ExplainResponse::CLOUD_DECIDES;
  }
  return pb::ExplainResponse::VERDICT_UNSPECIFIED;
}

pb::ExplainResponse::Rule ToProto(Explanation::Rule rule) {
  switch (rule) {
    case Explanation::Rule::kName:
      return pb::ExplainResponse::NAME;
    case Explanation::Rule::kScope:
      return pb::ExplainResponse::SCOPE;
    case Explanation::Rule::kLock:
      return pb::ExplainResponse::LOCK;
    case Explanation::Rule::kSession:
      return pb::ExplainResponse::SESSION;
    case Explanation::Rule::kCache:
      return pb::ExplainResponse::CACHE;
    case Explanation::Rule::kList:
      return pb::ExplainResponse::LIST;
    case Explanation::Rule::kCloud:
      return pb::ExplainResponse::CLOUD;
  }
  return pb::ExplainResponse::RULE_UNSPECIFIED;
}

void Fill(const Explanation& explanation, pb::ExplainResponse* response) {
  response->set_name(explanation.name);
  response->set_verdict(ToProto(explanation.verdict));
  response->set_rule(ToProto(explanation.rule));
  response->set_why_not(Message(explanation.why_not));
  response->set_remedy(Remedy(explanation.why_not));
  if (explanation.source.has_value()) {
    response->set_source(ToProto(*explanation.source));
  }
  response->set_held(explanation.age.has_value());
  response->set_age_ms(
      explanation.age.value_or(std::chrono::milliseconds(0)).count());
  if (!explanation.last_read.has_value()) return;
  const Caller& caller = explanation.last_read->caller;
  auto& reader = *response->mutable_last_reader();
  reader.set_pid(caller.pid);
  reader.set_process(Printable(caller.process.name));
  reader.set_executable(Printable(caller.process.executable, 1024));
  reader.set_unix_s(
      std::chrono::system_clock::to_time_t(explanation.last_read->at));
}

// Who comes through a scope hears nothing of what it does not reach, and of
// others' reads nothing at all.
Explanation ExplainTo(const Scope* scope, const Profile& profile,
                      const std::string& name, const Clock& clock) {
  if (scope == nullptr) return Explain(profile, name, clock);
  Status allowed =
      scope->CheckGet(name, Scope::Part::kValue, Scope::Purpose::kRead);
  Explanation explanation;
  if (allowed.ok()) {
    explanation = Explain(profile, name, clock);
    explanation.last_read.reset();
    return explanation;
  }
  explanation.name = name;
  explanation.verdict = Explanation::Verdict::kNo;
  explanation.rule = Explanation::Rule::kScope;
  explanation.why_not = std::move(allowed);
  return explanation;
}

void GetAttribute(Broker& broker, const CredentialName& name,
                  const pb::GetRequest& request, Done<Credential> done) {
  const StatusOr<Freshness> wanted = WantedBy(request);
  if (!wanted.ok()) return std::move(done)(wanted.status());
  switch (request.attribute()) {
    case pb::GetRequest::VALUE:
      return broker.Get(name, *wanted, std::move(done));
    case pb::GetRequest::OTP:
      return broker.GetOneTimeCode(name, *wanted, std::move(done));
    default:
      return std::move(done)(
          Invalid("this agent does not know that attribute of a credential"));
  }
}

// It may have taken a while: a scope that has ended meanwhile gets nothing.
void Answer(Profile& profile, Call& call,
            const StatusOr<Credential>& credential, pb::GetResponse* response) {
  if (!credential.ok()) return call.Finish(credential.status());
  const StatusOr<const Scope*> scope = call.scope();
  if (!scope.ok()) return call.Finish(scope.status());
  Fill(*credential, response);
  response->set_use_only(*scope != nullptr && (*scope)->request().use_only);
  profile.last_reads.Note(credential->name, call.caller());
  call.Finish(OkStatus());
}

void Fill(const Listing& listing, const Scope* scope, const SealedCache& cache,
          pb::ListResponse* response) {
  response->set_stale(!listing.stale_because.ok());
  for (const CredentialInfo& info : listing.credentials) {
    const auto name = CredentialName::Verbatim(info.name);
    if (scope != nullptr && !(name.ok() && scope->Has(*name))) continue;
    pb::CredentialMetadata* const item = response->add_credentials();
    item->set_id(info.id);
    item->set_name(info.name);
    item->set_created_at(info.created_at);
    item->set_updated_at(info.updated_at);
    item->set_follows_rule(name.ok() && name->FollowsRule());
    item->set_cached(name.ok() && cache.HasValue(*name));
  }
}

}  // namespace

void CredentialService::RegisterWith(GrpcMethods& methods) {
  const std::string path = "/libretto.agent.v1.Credentials/";
  AddUnary(methods, path + "Get", *this, &CredentialService::Get);
  AddUnary(methods, path + "Explain", *this, &CredentialService::Explain);
  AddUnary(methods, path + "List", *this, &CredentialService::List);
  AddUnary(methods, path + "Create", *this, &CredentialService::Create);
  AddUnary(methods, path + "Update", *this, &CredentialService::Update);
  AddUnary(methods, path + "Delete", *this, &CredentialService::Delete);
  AddUnary(methods, path + "Upsert", *this, &CredentialService::Upsert);
  AddStream<WatchStream, pb::WatchRequest>(methods, path + "Watch", context_);
}

void CredentialService::Get(ExchangePtr exchange, const pb::GetRequest* request,
                            pb::GetResponse* response) {
  ServeUnary(context_, std::move(exchange), "Credentials.Get", request->name(),
             request, Needs::kSession,
             [request, response](Profile& profile, CallPtr call) {
               const StatusOr<const Scope*> scope = call->scope();
               if (!scope.ok()) return call->Finish(scope.status());
               Resolve(profile, *scope, request->name(),
                       [&profile, request, response, call = std::move(call)](
                           StatusOr<CredentialName> name) mutable {
                         if (!name.ok()) return call->Finish(name.status());
                         GetAttribute(
                             profile.broker, *name, *request,
                             [&profile, response, call = std::move(call)](
                                 const StatusOr<Credential>& credential) {
                               Answer(profile, *call, credential, response);
                             });
                       });
             });
}

void CredentialService::Explain(ExchangePtr exchange,
                                const pb::ExplainRequest* request,
                                pb::ExplainResponse* response) {
  // A lock is part of the explanation, so the session is not needed here.
  const bool own_key = !request->context().api_key().empty();
  ServeUnary(
      context_, std::move(exchange), "Credentials.Explain", request->name(),
      request, own_key ? Needs::kSession : Needs::kNothing,
      [this, request, response](Profile& profile, CallPtr call) {
        const StatusOr<const Scope*> scope = call->scope();
        if (!scope.ok()) return call->Finish(scope.status());
        Status ready = profile.accounts.Load();
        if (ready.ok()) {
          ready = Profiles::CheckCloud(profile, FromProto(request->context()));
        }
        if (!ready.ok() && ready.code() != StatusCode::kFailedPrecondition) {
          return call->Finish(ready);
        }
        Fill(ExplainTo(*scope, profile, request->name(), clock_), response);
        call->Finish(OkStatus());
      });
}

void CredentialService::List(ExchangePtr exchange,
                             const pb::ListRequest* request,
                             pb::ListResponse* response) {
  ServeUnary(context_, std::move(exchange), "Credentials.List", "", request,
             Needs::kSession, [response](Profile& profile, CallPtr call) {
               profile.broker.List([&profile, response, call = std::move(call)](
                                       const StatusOr<Listing>& listing) {
                 if (!listing.ok()) return call->Finish(listing.status());
                 const StatusOr<const Scope*> scope = call->scope();
                 if (!scope.ok()) return call->Finish(scope.status());
                 Fill(*listing, *scope, profile.cache, response);
                 call->Finish(OkStatus());
               });
             });
}

void CredentialService::Create(ExchangePtr exchange,
                               const pb::CreateRequest* request,
                               pb::CreateResponse* response) {
  ServeUnary(
      context_, std::move(exchange), "Credentials.Create", request->name(),
      request, Needs::kSession,
      [request, response](Profile& profile, CallPtr call) {
        const auto name = CredentialName::Parse(request->name());
        if (!name.ok()) return call->Finish(name.status());
        response->set_name(name->text());
        profile.broker.Create(
            *name, SecretBytes::CopyOf(request->value()),
            [response, call = std::move(call)](StatusOr<std::string> id) {
              if (id.ok()) response->set_id(*id);
              call->Finish(id.status());
            });
      });
}

void CredentialService::Update(ExchangePtr exchange,
                               const pb::UpdateRequest* request,
                               pb::UpdateResponse* response) {
  ServeUnary(
      context_, std::move(exchange), "Credentials.Update", request->name(),
      request, Needs::kSession,
      [request, response](Profile& profile, CallPtr call) {
        CredentialChange change;
        if (request->has_value()) {
          change.value = SecretBytes::CopyOf(request->value());
        }
        if (request->has_new_name()) {
          auto new_name = CredentialName::Parse(request->new_name());
          if (!new_name.ok()) return call->Finish(new_name.status());
          change.new_name = *std::move(new_name);
        }
        if (!change.value.has_value() && !change.new_name.has_value()) {
          return call->Finish(Invalid("there is nothing to change"));
        }
        profile.broker.Resolve(
            request->name(),
            [&profile, response, change = std::move(change),
             call = std::move(call)](StatusOr<CredentialName> name) mutable {
              if (!name.ok()) return call->Finish(name.status());
              response->set_name(change.new_name.value_or(*name).text());
              profile.broker.Update(
                  *name, std::move(change),
                  [response, call = std::move(call)](StatusOr<std::string> id) {
                    if (id.ok()) response->set_id(*id);
                    call->Finish(id.status());
                  });
            });
      });
}

void CredentialService::Delete(ExchangePtr exchange,
                               const pb::DeleteRequest* request,
                               pb::DeleteResponse* response) {
  ServeUnary(
      context_, std::move(exchange), "Credentials.Delete", request->name(),
      request, Needs::kSession,
      [request, response](Profile& profile, CallPtr call) {
        profile.broker.Resolve(
            request->name(), [&profile, response, call = std::move(call)](
                                 StatusOr<CredentialName> name) mutable {
              if (!name.ok()) return call->Finish(name.status());
              response->set_name(name->text());
              profile.broker.Delete(
                  *name, [call = std::move(call)](const Status& deleted) {
                    call->Finish(deleted);
                  });
            });
      });
}

void CredentialService::Upsert(ExchangePtr exchange,
                               const pb::UpsertRequest* request,
                               pb::UpsertResponse* response) {
  ServeUnary(
      context_, std::move(exchange), "Credentials.Upsert", request->name(),
      request, Needs::kSession,
      [request, response](Profile& profile, CallPtr call) {
        const auto name = CredentialName::Parse(request->name());
        if (!name.ok()) return call->Finish(name.status());
        response->set_name(name->text());
        profile.broker.Upsert(
            *name, SecretBytes::CopyOf(request->value()),
            [response, call = std::move(call)](StatusOr<Upserted> upserted) {
              if (upserted.ok()) {
                response->set_id(upserted->id);
                response->set_overwritten(upserted->overwritten);
              }
              call->Finish(upserted.status());
            });
      });
}

}  // namespace libretto
