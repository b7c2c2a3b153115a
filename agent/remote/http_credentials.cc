#include "agent/remote/http_credentials.h"

#include <utility>

#include "agent/remote/credential_list.h"

namespace libretto {
namespace {

Json NameAndValue(const CredentialName& name, const SecretBytes& value) {
  return {{"name", name.text()}, {"value", std::string(value.Reveal())}};
}

}  // namespace

void HttpCredentials::List(const ApiKey& key,
                           Done<std::vector<CredentialInfo>> done) {
  CloudCall call("POST", key.api_url, "/v1/credentials/list");
  call.As(key).With(Json::object());
  call.limits.max_bytes = kMaxListBytes;
  call.raw = true;
  api_.Send(std::move(call), [api_url = key.api_url, done = std::move(done)](
                                 StatusOr<CloudAnswer> answer) mutable {
    if (!answer.ok()) return std::move(done)(answer.status());
    auto list = ParseCredentialList(answer->raw.Reveal());
    if (!list.ok()) {
      return std::move(done)(
          Annotate(NotInContract(api_url, "/v1/credentials/list"),
                   Message(list.status())));
    }
    std::move(done)(std::move(list));
  });
}

void HttpCredentials::Fetch(const ApiKey& key, const CredentialName& name,
                            Done<SecretBytes> done) {
  CloudCall call("POST", key.api_url, "/v1/credentials/get");
  call.As(key).With({{"name", name.text()}});
  api_.Send(std::move(call), [api_url = key.api_url, done = std::move(done)](
                                 StatusOr<CloudAnswer> answer) mutable {
    if (!answer.ok()) return std::move(done)(answer.status());
    auto value = StringAt(answer->json, "value");
    if (!value.has_value()) {
      return std::move(done)(NotInContract(api_url, "/v1/credentials/get"));
    }
    std::move(done)(SecretBytes::Take(*std::move(value)));
  });
}

void HttpCredentials::Create(const ApiKey& key, const CredentialName& name,
                             const SecretBytes& value, Done<std::string> done) {
  CloudCall call("POST", key.api_url, "/v1/credentials/create");
  call.As(key).With(NameAndValue(name, value));
  api_.Send(std::move(call), [api_url = key.api_url, done = std::move(done)](
                                 StatusOr<CloudAnswer> answer) mutable {
    if (!answer.ok()) return std::move(done)(answer.status());
    auto id = StringAt(answer->json, "credential_id");
    if (!id.has_value()) {
      return std::move(done)(NotInContract(api_url, "/v1/credentials/create"));
    }
    std::move(done)(*std::move(id));
  });
}

void HttpCredentials::Update(const ApiKey& key, const std::string& id,
                             const std::optional<SecretBytes>& value,
                             const std::optional<CredentialName>& new_name,
                             DoneStatus done) {
  Json input{{"id", id}};
  if (value.has_value()) input["value"] = std::string(value->Reveal());
  if (new_name.has_value()) input["name"] = new_name->text();
  CloudCall call("POST", key.api_url, "/v1/credentials/update");
  call.As(key).With(std::move(input));
  api_.Send(std::move(call), [done = std::move(done)](
                                 const StatusOr<CloudAnswer>& answer) mutable {
    std::move(done)(answer.status());
  });
}

void HttpCredentials::Delete(const ApiKey& key, const std::string& id,
                             DoneStatus done) {
  CloudCall call("POST", key.api_url, "/v1/credentials/delete");
  call.As(key).With({{"id", id}});
  api_.Send(std::move(call), [done = std::move(done)](
                                 StatusOr<CloudAnswer> answer) mutable {
    if (!answer.ok()) return std::move(done)(answer.status());
    // Refused while jobs use it: 200 with success:false (contract 2).
    if (BoolAt(answer->json, "success") == false) {
      return std::move(done)(Denied(Printable(
          StringAt(answer->json, "message")
              .value_or("the cloud refuses to delete the credential"))));
    }
    std::move(done)(OkStatus());
  });
}

void HttpCredentials::Upsert(const ApiKey& key, const CredentialName& name,
                             const SecretBytes& value, Done<Upserted> done) {
  CloudCall call("POST", key.api_url, "/v1/credentials/upsert");
  call.As(key).With(NameAndValue(name, value));
  api_.Send(std::move(call),
            [done = std::move(done)](StatusOr<CloudAnswer> answer) mutable {
              if (!answer.ok()) return std::move(done)(answer.status());
              std::move(done)(Upserted{
                  StringAt(answer->json, "credential_id").value_or(""),
                  BoolAt(answer->json, "overwritten").value_or(false)});
            });
}

}  // namespace libretto
