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

class AuthFile final : public SessionStore {
 public:
  explicit AuthFile(std::string path) : path_(std::move(path)) {}

  StatusOr<std::optional<Account>> Load() override;
  Status Save(const Account& account) override;
  Status Clear() override;
  std::string path() const override { return path_; }

 private:
  const std::string path_;
};

// What the text of the file says; Corrupt() when it cannot be understood.
StatusOr<std::optional<Account>> ParseAuthFile(std::string_view text);

}  // namespace libretto
