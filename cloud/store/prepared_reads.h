// What is read for each credential that somebody asks for: the API key and the
// credential. Both statements stay prepared, on connections that do nothing
// else, so with SQLite they wait for no writer. Any thread (guarded).
#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "cloud/core/store.h"
#include "cloud/store/database_url.h"

namespace libretto::cloud {

class PreparedReads {
 public:
  // Connects when something is read.
  explicit PreparedReads(DatabaseUrl url);
  PreparedReads(const PreparedReads&) = delete;
  PreparedReads& operator=(const PreparedReads&) = delete;
  ~PreparedReads();

  StatusOr<KeyAndUser> ApiKeyByHash(std::string_view key_hash);
  StatusOr<Store::IdAndSealed> CredentialByName(std::string_view tenant_id,
                                                std::string_view name);

 private:
  class Reader;

  template <typename Read>
  auto OnReader(Read&& read) -> decltype(read(std::declval<Reader&>()));
  std::unique_ptr<Reader> Take();

  const DatabaseUrl url_;
  std::mutex mutex_;
  // As many as there were reads at the same time. Guarded by mutex_.
  std::vector<std::unique_ptr<Reader>> idle_;
};

}  // namespace libretto::cloud
