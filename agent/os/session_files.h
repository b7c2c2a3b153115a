// SessionFiles: where the session of one profile rests: auth.json in the clear,
// as the public `libretto` command has it, or where a passphrase is enrolled
// session.sealed (docs/sealed-format.md). At every moment one of the two is
// whole on disk.
//
// A session in the clear that shows up while sessions rest sealed, by a login
// of the public command or left over by a crash, is sealed when it is loaded,
// and its file removed.
//
// Loop thread only.
#pragma once

#include <optional>
#include <string>

#include "agent/core/accounts.h"
#include "agent/core/sealing.h"
#include "agent/os/auth_file.h"

namespace libretto {

class SessionFiles final : public SessionStore {
 public:
  // In `folder`. The profile's name is bound into the seal.
  SessionFiles(const std::string& folder, std::string profile,
               const Sealing& sealing);

  StatusOr<std::optional<StoredSession>> Load() override;
  Status Save(const Account& account, const DataKey& data_key) override;
  Status Clear() override;
  std::string path() const override;

 private:
  StatusOr<std::optional<StoredSession>> LoadSealed();
  StatusOr<std::optional<StoredSession>> Adopt(Account account);

  AuthFile clear_;
  const std::string sealed_path_;
  const std::string profile_;
  const Sealing& sealing_;
};

}  // namespace libretto
