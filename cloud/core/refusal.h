// Why the cloud says no, in its own words. A refusal is a Status with one of
// these attached; the edge turns it into the contract's status and code. The
// message is the contract's. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/errors.h"

namespace libretto::cloud {

enum class Refusal {
  kEmailTaken,
  kSlugTaken,
  kPasswordTooShort,
  kPasswordTooLong,
  kWrongEmailOrPassword,
  kSignedOut,  // no session, or one that has ended
  kBadVerificationToken,
  kBadResetToken,
  kEmailMismatch,
  kEmailAlreadyVerified,
  kEmailNotVerified,
  kNoOrganization,
  kOnlyOwner,
  kCliLoginNotFound,
  kOriginMissing,
  kOriginForeign,
  kApiKeyMissing,
  kApiKeyMalformed,
  kApiKeyUnknown,
  kApiKeyExpired,
  kApiKeyNotFound,
  kTooManyApiKeys,
  kLabelTooLong,
  kLifetimeTooShort,
  kLifetimeTooLong,
  kMetadataTooLarge,
  kCredentialExists,
  kCredentialNotFound,
  kCredentialNameTooLong,
  kCredentialValueTooLarge,
  kApiKeyDisabled,
  kNothingToUpdate,
  kMemberElsewhere,  // one account belongs to one organisation
  kNotAMember,
  kMayNotInvite,
  kMayNotInviteWithRole,
  kRoleUnknown,
  kAlreadyMember,
  kAlreadyInvited,
  kTooManyInvitations,
  kInvitationNotFound,  // nor one that has expired or was accepted
  kNotTheRecipient,
};

Status Refuse(Refusal refusal);

// With a message that names the thing, e.g. the slug that is taken.
Status Refuse(Refusal refusal, std::string_view message);

std::optional<Refusal> RefusalOf(const Status& status);

}  // namespace libretto::cloud
