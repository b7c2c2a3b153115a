#include "cloud/http/rpc.h"

#include <utility>

#include "cloud/core/refusal.h"
#include "cloud/http/status_names.h"

namespace libretto::cloud {
namespace {

HttpResponse RefusalResponse(Refusal refusal, const Status& status) {
  switch (refusal) {
    case Refusal::kSlugTaken:
      return Rpc::Error(409, Message(status), {{"reason", "slug_taken"}});
    case Refusal::kEmailTaken:
      return Rpc::Error(409, Message(status), {{"reason", "email_taken"}});
    case Refusal::kMemberElsewhere:
      return Rpc::Error(409, Message(status), {{"reason", "already_member"}});
    case Refusal::kApiKeyMalformed:
    case Refusal::kApiKeyUnknown:
      return Rpc::Error(401, "Invalid API key");
    default:
      break;
  }
  switch (status.code()) {
    case StatusCode::kUnauthenticated:
      return Rpc::Error(401, Message(status));
    case StatusCode::kPermissionDenied:
      return Rpc::Error(403, Message(status));
    case StatusCode::kNotFound:
      return Rpc::Error(404, Message(status));
    case StatusCode::kAborted:
      return Rpc::Error(409, Message(status));
    default:
      return Rpc::Error(400, Message(status));
  }
}

}  // namespace

HttpResponse Rpc::Ok(JsonOut output) {
  JsonOut envelope;
  envelope["json"] = std::move(output);
  return JsonResponse(200, envelope);
}

HttpResponse Rpc::Error(int status, std::string_view message,
                        const JsonOut& data) {
  JsonOut error = {{"defined", false},
                   {"code", StatusNameOf(status).code},
                   {"status", status},
                   {"message", message}};
  if (!data.is_null()) error["data"] = data;
  return JsonResponse(status, {{"json", error}});
}

HttpResponse Rpc::Failure(const Status& status) {
  const auto refusal = RefusalOf(status);
  if (refusal.has_value()) return RefusalResponse(*refusal, status);
  if (status.code() == StatusCode::kAborted) {
    return Error(409, Message(status));
  }
  // The account or organisation that asks was deleted since it was identified.
  if (status.code() == StatusCode::kNotFound) return Plain(401);
  HttpResponse response =
      Plain(status.code() == StatusCode::kUnavailable ? 503 : 500);
  response.failure = Message(status);
  return response;
}

HttpResponse Rpc::InvalidInput(const Input& input) {
  return Error(400, "Input validation failed", {{"issues", input.issues()}});
}

HttpResponse Rpc::Malformed() {
  return Error(400,
               "Malformed request. Ensure the request body is properly "
               "formatted and the 'Content-Type' header is set correctly.");
}

HttpResponse Rpc::Plain(int status) {
  return Error(status, StatusNameOf(status).title);
}

}  // namespace libretto::cloud
