// Credentials of the key's tenant. The tenant comes from the key alone; what a
// client says about tenants is not looked at.
#include "cloud/http/routes.h"
#include "cloud/http/rpc.h"

namespace libretto::cloud {
namespace {

constexpr StringRule kCredentialName = {.min = 1};
constexpr StringRule kValue = {.may_hold_nul = true};
constexpr StringRule kId = {.format = StringRule::Format::kUuid};
// 64 KiB of control characters are 384 KiB as JSON.
constexpr std::size_t kMaxBodyWithValue = std::size_t{512} << 10;

HttpResponse Create(const Services& services, const Call& call) {
  Input input(call.input);
  const std::string name = input.String("name", kCredentialName);
  const SecretBytes value = SecretBytes::Take(input.String("value", kValue));
  if (!input.ok()) return Rpc::InvalidInput(input);
  const auto id =
      services.credentials.Create(call.identity->tenant_id, name, value);
  if (!id.ok()) return Rpc::Failure(id.status());
  return Rpc::Ok({{"success", true},
                  {"credential_id", *id},
                  {"message", "Credential created"}});
}

HttpResponse List(const Services& services, const Call& call) {
  const auto credentials = services.credentials.List(call.identity->tenant_id);
  if (!credentials.ok()) return Rpc::Failure(credentials.status());
  JsonOut list = JsonOut::array();
  for (const Credential& credential : *credentials) {
    list.push_back({{"credential_id", credential.id},
                    {"name", credential.name},
                    {"created_at", Iso8601(credential.created_at)},
                    {"updated_at", Iso8601(credential.updated_at)}});
  }
  return Rpc::Ok({{"credentials", list}});
}

HttpResponse Get(const Services& services, const Call& call) {
  Input input(call.input);
  const std::string name = input.String("name");
  if (!input.ok()) return Rpc::InvalidInput(input);
  const auto found = services.credentials.Get(call.identity->tenant_id, name);
  if (!found.ok()) return Rpc::Failure(found.status());
  return Rpc::Ok({{"id", found->id}, {"value", found->value.Reveal()}});
}

HttpResponse Update(const Services& services, const Call& call) {
  Input input(call.input);
  const std::string id = input.String("id", kId);
  std::optional<std::string> value = input.OptionalString("value", kValue);
  const auto name = input.OptionalString("name", kCredentialName);
  if (!input.ok()) return Rpc::InvalidInput(input);
  std::optional<SecretBytes> secret;
  if (value.has_value()) secret = SecretBytes::Take(*std::move(value));
  const Status updated = services.credentials.Update(
      call.identity->tenant_id, id, name, secret ? &*secret : nullptr);
  if (!updated.ok()) return Rpc::Failure(updated);
  return Rpc::Ok({{"success", true}, {"message", "Credential updated"}});
}

HttpResponse Delete(const Services& services, const Call& call) {
  Input input(call.input);
  const std::string id = input.String("id", kId);
  if (!input.ok()) return Rpc::InvalidInput(input);
  const Status removed =
      services.credentials.Remove(call.identity->tenant_id, id);
  if (!removed.ok()) return Rpc::Failure(removed);
  return Rpc::Ok({{"success", true}, {"message", "Credential deleted"}});
}

HttpResponse Upsert(const Services& services, const Call& call) {
  Input input(call.input);
  const std::string name = input.String("name", kCredentialName);
  const SecretBytes value = SecretBytes::Take(input.String("value", kValue));
  if (!input.ok()) return Rpc::InvalidInput(input);
  const auto upserted =
      services.credentials.Upsert(call.identity->tenant_id, name, value);
  if (!upserted.ok()) return Rpc::Failure(upserted.status());
  return Rpc::Ok({{"success", true},
                  {"credential_id", upserted->id},
                  {"overwritten", upserted->overwritten},
                  {"message", upserted->overwritten ? "Credential updated"
                                                    : "Credential created"}});
}

}  // namespace

void AddCredentialRoutes(const Services& services, std::vector<Route>& routes) {
  const auto add = [&](std::string_view path,
                       HttpResponse (*handle)(const Services&, const Call&),
                       std::size_t max_body) {
    routes.push_back(
        {.method = "POST",
         .path = path,
         .auth = Auth::kVerifiedKey,
         .handle = [services, handle](
                       const Call& call) { return handle(services, call); },
         .max_body = max_body});
  };
  constexpr std::size_t kSmallBody = std::size_t{16} << 10;
  add("/v1/credentials/create", Create, kMaxBodyWithValue);
  add("/v1/credentials/list", List, kSmallBody);
  add("/v1/credentials/get", Get, kSmallBody);
  add("/v1/credentials/update", Update, kMaxBodyWithValue);
  add("/v1/credentials/delete", Delete, kSmallBody);
  add("/v1/credentials/upsert", Upsert, kMaxBodyWithValue);
}

}  // namespace libretto::cloud
