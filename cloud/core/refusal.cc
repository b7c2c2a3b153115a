#include "cloud/core/refusal.h"

#include <cstdlib>

#include "base/check.h"

namespace libretto::cloud {
namespace {

struct Meaning {
  Refusal refusal;
  Status (*make)(std::string_view);
  std::string_view message;
};

constexpr Meaning kMeanings[] = {
    {Refusal::kEmailTaken, Conflict, "User already exists. Use another email."},
    {Refusal::kSlugTaken, Conflict, "Organization slug is already taken."},
    {Refusal::kPasswordTooShort, Invalid, "Password too short"},
    {Refusal::kPasswordTooLong, Invalid, "Password too long"},
    {Refusal::kWrongEmailOrPassword, Unauthenticated,
     "Invalid email or password"},
    {Refusal::kSignedOut, Unauthenticated, "Unauthorized"},
    {Refusal::kBadVerificationToken, Unauthenticated, "invalid_token"},
    {Refusal::kBadResetToken, Invalid, "Invalid token"},
    {Refusal::kEmailMismatch, Invalid, "Email mismatch"},
    {Refusal::kEmailAlreadyVerified, Invalid, "Email is already verified"},
    {Refusal::kEmailNotVerified, Denied, "Email not verified"},
    {Refusal::kNoOrganization, Denied,
     "This account belongs to no organization"},
    {Refusal::kOnlyOwner, Conflict,
     "You are the only owner of an organization that has other members. Invite "
     "another owner first."},
    {Refusal::kCliLoginNotFound, NotFound, "CLI login request not found"},
    {Refusal::kOriginMissing, Denied, "Missing or null Origin"},
    {Refusal::kOriginForeign, Denied, "Invalid origin"},
    {Refusal::kApiKeyMissing, Unauthenticated, "Missing API key"},
    {Refusal::kApiKeyMalformed, Unauthenticated, "Invalid API key."},
    {Refusal::kApiKeyUnknown, Unauthenticated, "Invalid API key."},
    {Refusal::kApiKeyExpired, Unauthenticated, "API Key has expired"},
    {Refusal::kApiKeyNotFound, NotFound, "API Key not found"},
    {Refusal::kTooManyApiKeys, Denied,
     "This account has 100 API keys, as many as it may have. Revoke one that "
     "nothing uses any more: librettoctl cloud auth api-key list, then revoke "
     "ID"},
    {Refusal::kLabelTooLong, Invalid,
     "The name length is either too large or too small."},
    {Refusal::kLifetimeTooShort, Invalid,
     "The expiresIn is smaller than the predefined minimum value."},
    {Refusal::kLifetimeTooLong, Invalid,
     "The expiresIn is larger than the predefined maximum value."},
    {Refusal::kMetadataTooLarge, Invalid,
     "metadata is larger than 4096 bytes as JSON"},
    {Refusal::kCredentialExists, Conflict, "Credential already exists"},
    {Refusal::kCredentialNotFound, NotFound, "Credential not found"},
    {Refusal::kCredentialNameTooLong, Invalid,
     "A credential name is 1 to 1024 bytes long"},
    {Refusal::kCredentialValueTooLarge, Invalid,
     "A credential value is at most 65536 bytes long"},
    {Refusal::kApiKeyDisabled, Unauthenticated, "API Key is disabled"},
    {Refusal::kNothingToUpdate, Invalid, "No values to update."},
    {Refusal::kMemberElsewhere, Conflict,
     "You are a member of an organization already; one account belongs to one "
     "organization"},
    {Refusal::kNotAMember, Invalid, "Member not found"},
    {Refusal::kMayNotInvite, Denied,
     "You are not allowed to invite users to this organization"},
    {Refusal::kMayNotInviteWithRole, Denied,
     "You are not allowed to invite a user with this role"},
    {Refusal::kRoleUnknown, Invalid, "Role not found"},
    {Refusal::kAlreadyMember, Invalid,
     "User is already a member of this organization"},
    {Refusal::kAlreadyInvited, Invalid,
     "User is already invited to this organization"},
    {Refusal::kTooManyInvitations, Denied, "Invitation limit reached"},
    {Refusal::kInvitationNotFound, NotFound, "Invitation not found"},
    {Refusal::kNotTheRecipient, Denied,
     "You are not the recipient of the invitation"},
};

const Meaning& MeaningOf(Refusal refusal) {
  const Meaning& meaning = kMeanings[static_cast<std::size_t>(refusal)];
  LIBRETTO_CHECK(meaning.refusal == refusal);
  return meaning;
}

}  // namespace

Status Refuse(Refusal refusal) {
  return Refuse(refusal, MeaningOf(refusal).message);
}

Status Refuse(Refusal refusal, std::string_view message) {
  return WithReason(MeaningOf(refusal).make(message),
                    std::to_string(static_cast<int>(refusal)));
}

std::optional<Refusal> RefusalOf(const Status& status) {
  const std::string reason = ReasonOf(status);
  if (reason.empty()) return std::nullopt;
  return static_cast<Refusal>(std::atoi(reason.c_str()));
}

}  // namespace libretto::cloud
