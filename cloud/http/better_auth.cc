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
    case Refusal::kEmailNotVerified:
      return Wire{403, "EMAIL_NOT_VERIFIED"};
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
    case Refusal::kTooManyApiKeys:
      return Wire{403, "API_KEY_LIMIT_REACHED"};
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
    case Refusal::kApiKeyDisabled:
      return Wire{401, "KEY_DISABLED"};
    case Refusal::kNothingToUpdate:
      return Wire{400, "NO_VALUES_TO_UPDATE"};
    default:
      return std::nullopt;  // not said on these routes
  }
}

std::optional<Wire> WireOfOrganizations(Refusal refusal) {
  switch (refusal) {
    case Refusal::kMemberElsewhere:
      // What Better Auth says where it is told to allow one.
      return Wire{403, "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS"};
    case Refusal::kNotAMember:
      return Wire{400, "MEMBER_NOT_FOUND"};
    case Refusal::kMayNotInvite:
      return Wire{403,
                  "YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION"};
    case Refusal::kMayNotInviteWithRole:
      return Wire{403, "YOU_ARE_NOT_ALLOWED_TO_INVITE_A_USER_WITH_THIS_ROLE"};
    case Refusal::kRoleUnknown:
      return Wire{400, "ROLE_NOT_FOUND"};
    case Refusal::kAlreadyMember:
      return Wire{400, "USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION"};
    case Refusal::kAlreadyInvited:
      return Wire{400, "USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION"};
    case Refusal::kTooManyInvitations:
      return Wire{403, "INVITATION_LIMIT_REACHED"};
    case Refusal::kInvitationNotFound:
      return Wire{400, "INVITATION_NOT_FOUND"};
    case Refusal::kNotTheRecipient:
      return Wire{403, "YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION"};
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
    auto wire = WireOf(*refusal);
    if (!wire.has_value()) wire = WireOfOrganizations(*refusal);
    if (wire.has_value()) {
      return Error(wire->status, wire->code, Message(status));
    }
  }
  // The account or organisation that asks was deleted since it was identified.
  if (!refusal.has_value() && status.code() == StatusCode::kNotFound) {
    return Plain(401);
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

JsonOut BetterAuth::MemberJson(const Membership& membership) {
  return {{"organizationId", membership.organization_id},
          {"userId", membership.user_id},
          {"role", membership.role},
          {"createdAt", Iso8601(membership.created_at)},
          {"id", membership.id}};
}

}  // namespace libretto::cloud
