// What members may do (contract 4.3): a member uses the organisation, an admin
// also invites, an owner also invites owners. The contract lets an invitation
// name several roles; as each may what the weaker ones may, the strongest
// counts, and a member has that one alone. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/errors.h"

namespace libretto::cloud {

enum class Role { kMember, kAdmin, kOwner };  // from weak to strong

std::string_view NameOf(Role role);

// "member, admin" -> "member,admin", in the order in which they were named,
// each once.
// Refusal::kRoleUnknown for any other name, and for none at all.
StatusOr<std::string> NormalizedRoles(std::string_view text);

// Of text that NormalizedRoles() has seen.
Role StrongestOf(std::string_view roles);

}  // namespace libretto::cloud
