#include "cloud/core/roles.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/credential_name.h"
#include "cloud/core/refusal.h"

namespace libretto::cloud {
namespace {

// In the order of Role.
constexpr std::array<std::string_view, 3> kNames = {"member", "admin", "owner"};
constexpr std::size_t kMaxShownBytes = 32;

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> NamesIn(std::string_view text) {
  std::vector<std::string_view> names;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    names.push_back(Trimmed(text.substr(0, comma)));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return names;
}

std::optional<Role> RoleNamed(std::string_view name) {
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Role>(found - kNames.begin());
}

}  // namespace

std::string_view NameOf(Role role) {
  return kNames[static_cast<std::size_t>(role)];
}

StatusOr<std::string> NormalizedRoles(std::string_view text) {
  std::vector<std::string_view> named;
  std::string roles;
  for (const std::string_view name : NamesIn(text)) {
    if (!RoleNamed(name).has_value()) {
      return Refuse(Refusal::kRoleUnknown,
                    "Role not found: " + Printable(name, kMaxShownBytes));
    }
    if (std::find(named.begin(), named.end(), name) != named.end()) continue;
    named.push_back(name);
    if (!roles.empty()) roles += ',';
    roles += name;
  }
  if (roles.empty()) return Refuse(Refusal::kRoleUnknown);
  return roles;
}

Role StrongestOf(std::string_view roles) {
  Role strongest = Role::kMember;
  for (const std::string_view name : NamesIn(roles)) {
    strongest = std::max(strongest, RoleNamed(name).value_or(Role::kMember));
  }
  return strongest;
}

}  // namespace libretto::cloud
