// The one secret of an installation: 32 bytes in a file that is not in the
// database. From it come the key that seals credential values and the key
// that signs cookies. The database remembers a value sealed
// under it, so that a wrong or lost file is noticed at start and not when the
// first credential fails to open.
#pragma once

#include <string>

#include "base/errors.h"
#include "base/seal.h"
#include "base/secret.h"
#include "cloud/core/store.h"

namespace libretto::cloud {

class MasterKey {
 public:
  // Reads `path`, or makes it (0600) when neither it nor sealed data exists.
  // Invalid() when the file is not what this database was sealed with, be it by
  // another server that starts on it at the same time.
  static StatusOr<MasterKey> Open(const std::string& path, Store& store);

  DataKey SealingKey() const;
  SecretBytes CookieKey() const;

 private:
  explicit MasterKey(DataKey key) : key_(std::move(key)) {}

  DataKey key_;
};

}  // namespace libretto::cloud
