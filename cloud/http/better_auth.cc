#include "cloud/http/better_auth.h"

#include <optional>

#include "cloud/core/refusal.h"
#include "cloud/http/status_names.h"

namespace libretto::cloud {
namespace {

struct Wire {
  int status;
  std::string_view code;
};

std::optional<Wire> WireOf(Refusal refusal) {
  switch (refusal) {
    case Refusal::kEmailTaken:
      return Wire{422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"};
    case Refusal::kPasswordTooShort:
      return Wire{400, "PASSWORD_TOO_SHORT"};
    case Refusal::kPasswordTooLong:
      return Wire{400, "PASSWORD_TOO_LONG"};
    case Refusal::kWrongEmailOrPassword:
      return Wire{401, "INVALID_EMAIL_OR_PASSWORD"};
    case Refusal::kSignedOut:
      return Wire{401, "UNAUTHORIZED"};
    case Refusal::kBadVerificationToken:
      return Wire{401, "INVALID_TOKEN"};
    case Refusal::kBadResetToken:
      return Wire{400, "INVALID_TOKEN"};
    case Refusal::kEmailMismatch:
      return Wire{400, "EMAIL_MISMATCH"};
    case Refusal::kEmailAlreadyVerified:
      return Wire{400, "EMAIL_IS_ALREADY_VERIFIED"};
    case Refusal::kOriginMissing:
      return Wire{403, "MISSING_OR_NULL_ORIGIN"};
    case Refusal::kOriginForeign:
      return Wire{403, "INVALID_ORIGIN"};
    case Refusal::kApiKeyMalformed:
      return Wire{403, "INVALID_API_KEY"};
    case Refusal::kApiKeyUnknown:
      return Wire{401, "INVALID_API_KEY"};
    case Refusal::kApiKeyExpired:
      return Wire{401, "API_KEY_HAS_EXPIRED"};
    case Refusal::kApiKeyNotFound:
      return Wire{404, "API_KEY_NOT_FOUND"};
    case Refusal::kLabelTooLong:
      return Wire{400, "THE_NAME_LENGTH_IS_EITHER_TOO_LARGE_OR_TOO_SMALL"};
    case Refusal::kLifetimeTooShort:
      return Wire{400,
                  "THE_EXPIRESIN_IS_SMALLER_THAN_THE_PREDEFINED_MINIMUM_VALUE"};
    case Refusal::kLifetimeTooLong:
      return Wire{400,
                  "THE_EXPIRESIN_IS_LARGER_THAN_THE_PREDEFINED_MAXIMUM_VALUE"};
    case Refusal::kMetadataTooLarge:
      return Wire{400, "METADATA_IS_TOO_LARGE"};
    default:
      return std::nullopt;  // not said on these routes
  }
}

}  // namespace

HttpResponse BetterAuth::Error(int status, std::string_view code,
                               std::string_view message) {
  return JsonResponse(status, {{"code", code}, {"message", message}});
}

HttpResponse BetterAuth::Failure(const Status& status) {
  const auto refusal = RefusalOf(status);
  if (refusal.has_value()) {
    const auto wire = WireOf(*refusal);
    if (wire.has_value()) {
      return Error(wire->status, wire->code, Message(status));
    }
  }
  HttpResponse response =
      Plain(status.code() == StatusCode::kUnavailable ? 503 : 500);
  response.failure = Message(status);
  return response;
}

HttpResponse BetterAuth::InvalidInput(const Input& input, const char* where) {
  return Error(400, "VALIDATION_ERROR", input.Describe(where));
}

HttpResponse BetterAuth::BadCallback() {
  return Error(403, "INVALID_CALLBACKURL", "Invalid callbackURL");
}

HttpResponse BetterAuth::Plain(int status) {
  if (status == 404)
    return {.status = 404, .headers = {}, .body = {}, .failure = {}};
  const StatusName name = StatusNameOf(status);
  if (status == 429) return JsonResponse(status, {{"message", name.title}});
  return Error(status, name.code, name.title);
}

JsonOut BetterAuth::UserJson(const User& user) {
  return {{"name", user.name},
          {"email", user.email},
          {"emailVerified", user.email_verified},
          {"image", nullptr},
          {"createdAt", Iso8601(user.created_at)},
          {"updatedAt", Iso8601(user.updated_at)},
          {"id", user.id}};
}

}  // namespace libretto::cloud
