// Environment: what a command is started with. It holds values, so its entries
// are secrets. Not thread-safe.
#pragma once

#include <string_view>
#include <vector>

#include "base/secret.h"

namespace libretto {

// Letters, digits and underscores, no digit first: what is not one would be
// more than a name to a shell.
bool IsVariableName(std::string_view text);

class Environment {
 public:
  Environment() = default;

  // A copy of `inherited`, which ends with a null pointer.
  explicit Environment(const char* const* inherited);

  Environment Clone() const;

  // In the place of what was there. REQUIRES: no NUL in either
  void Set(std::string_view variable, std::string_view value);
  void Remove(std::string_view variable);
  bool Has(std::string_view variable) const;

  // For execve(); dies with this object.
  std::vector<char*> Pointers();

 private:
  std::vector<SecretBytes> entries_;  // "KEY=value" and a NUL
};

}  // namespace libretto
