#include "cloud/store/database_url.h"

namespace libretto::cloud {
namespace {

constexpr std::string_view kSqliteScheme = "sqlite:";

}  // namespace

StatusOr<DatabaseUrl> DatabaseUrl::Parse(std::string_view text) {
  if (text.starts_with(kSqliteScheme)) {
    const std::string_view path = text.substr(kSqliteScheme.size());
    if (path.empty() || path.find('"') != std::string_view::npos) {
      return Invalid("sqlite: wants a path without quotation marks after it");
    }
    return DatabaseUrl{Kind::kSqlite, std::string(path)};
  }
  if (text.starts_with("postgresql://") || text.starts_with("postgres://")) {
    return DatabaseUrl{Kind::kPostgresql, std::string(text)};
  }
  return Invalid(
      "a database is sqlite:PATH or postgresql://[USER@]HOST[:PORT]/NAME");
}

}  // namespace libretto::cloud
