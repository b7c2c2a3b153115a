// AuthFile: ~/.libretto/auth.json, the session at rest, in the form that the
// public `libretto` command reads and writes (contract 1.3). A file that cannot
// be understood is left as it is and named.
//
// Loop thread only.
#pragma once

#include <optional>
#include <string>

#include "agent/core/accounts.h"

namespace libretto {

class AuthFile {
 public:
  explicit AuthFile(std::string path) : path_(std::move(path)) {}

  // Nothing when nobody is signed in; Corrupt() when it cannot be understood.
  StatusOr<std::optional<Account>> Load();
  Status Save(const Account& account);
  Status Clear();
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

// What the text of the file says; Corrupt() when it cannot be understood. And
// the text for an account.
StatusOr<std::optional<Account>> ParseAuthFile(std::string_view text);
SecretBytes AuthFileText(const Account& account);

}  // namespace libretto
