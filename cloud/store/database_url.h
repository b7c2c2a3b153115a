// Which database, and where. Immutable after construction.
#pragma once

#include <string>
#include <string_view>

#include "base/errors.h"

namespace libretto::cloud {

// "sqlite:PATH" or "postgresql://...".
struct DatabaseUrl {
  enum class Kind { kSqlite, kPostgresql };

  static StatusOr<DatabaseUrl> Parse(std::string_view text);

  Kind kind = Kind::kSqlite;
  std::string target;  // the path, or the whole URL
};

}  // namespace libretto::cloud
