#include "agent/rpc/credential_service.h"

#include <optional>
#include <utility>

#include "agent/rpc/watch_stream.h"

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
void Answer(Call& call, const StatusOr<Credential>& credential,
            pb::GetResponse* response) {
  if (!credential.ok()) return call.Finish(credential.status());
  const StatusOr<const Scope*> scope = call.scope();
  if (!scope.ok()) return call.Finish(scope.status());
  Fill(*credential, response);
  response->set_use_only(*scope != nullptr && (*scope)->request().use_only);
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
    item->set_cached(name.ok() && cache.HasCurrent(*name));
  }
}

}  // namespace

grpc::ServerUnaryReactor* CredentialService::Get(
    grpc::CallbackServerContext* server_context, const pb::GetRequest* request,
    pb::GetResponse* response) {
  return ServeUnary(
      context_, server_context, "Credentials.Get", request->name(), request,
      Needs::kSession, [request, response](Profile& profile, CallPtr call) {
        const StatusOr<const Scope*> scope = call->scope();
        if (!scope.ok()) return call->Finish(scope.status());
        Resolve(profile, *scope, request->name(),
                [&profile, request, response, call = std::move(call)](
                    StatusOr<CredentialName> name) mutable {
                  if (!name.ok()) return call->Finish(name.status());
                  GetAttribute(profile.broker, *name, *request,
                               [response, call = std::move(call)](
                                   const StatusOr<Credential>& credential) {
                                 Answer(*call, credential, response);
                               });
                });
      });
}

grpc::ServerUnaryReactor* CredentialService::List(
    grpc::CallbackServerContext* server_context, const pb::ListRequest* request,
    pb::ListResponse* response) {
  return ServeUnary(
      context_, server_context, "Credentials.List", "", request,
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

grpc::ServerUnaryReactor* CredentialService::Create(
    grpc::CallbackServerContext* server_context,
    const pb::CreateRequest* request, pb::CreateResponse* response) {
  return ServeUnary(
      context_, server_context, "Credentials.Create", request->name(), request,
      Needs::kSession, [request, response](Profile& profile, CallPtr call) {
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

grpc::ServerUnaryReactor* CredentialService::Update(
    grpc::CallbackServerContext* server_context,
    const pb::UpdateRequest* request, pb::UpdateResponse* response) {
  return ServeUnary(
      context_, server_context, "Credentials.Update", request->name(), request,
      Needs::kSession, [request, response](Profile& profile, CallPtr call) {
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

grpc::ServerUnaryReactor* CredentialService::Delete(
    grpc::CallbackServerContext* server_context,
    const pb::DeleteRequest* request, pb::DeleteResponse* response) {
  return ServeUnary(
      context_, server_context, "Credentials.Delete", request->name(), request,
      Needs::kSession, [request, response](Profile& profile, CallPtr call) {
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

grpc::ServerUnaryReactor* CredentialService::Upsert(
    grpc::CallbackServerContext* server_context,
    const pb::UpsertRequest* request, pb::UpsertResponse* response) {
  return ServeUnary(
      context_, server_context, "Credentials.Upsert", request->name(), request,
      Needs::kSession, [request, response](Profile& profile, CallPtr call) {
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

grpc::ServerWriteReactor<pb::WatchEvent>* CredentialService::Watch(
    grpc::CallbackServerContext* server_context,
    const pb::WatchRequest* request) {
  auto* const stream = new WatchStream(context_, *server_context);
  stream->Start(*request);
  return stream;
}

}  // namespace libretto
