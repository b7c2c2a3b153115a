// The agent's audit log as files: read, checked, followed. No agent is needed
// for that; docs/audit-format.md has the format. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/audit_chain.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/paths.h"
#include "base/unique_fd.h"

namespace libretto {

class AuditLog {
 public:
  // `whole`: the line ended with a newline.
  using OnLine = absl::FunctionRef<void(std::string_view line, bool whole)>;

  // NotFound() when there is no log yet.
  static StatusOr<AuditLog> Open(const std::string& path);

  // Every line, the oldest first.
  Status ForEach(OnLine on_line);

  // Feeds `verifier`, its End() included.
  Status Verify(AuditVerifier& verifier);

  // After ForEach(): what is written from then on, rotations included, for as
  // long as `on_line` returns true.
  Status Follow(absl::FunctionRef<bool(std::string_view line)> on_line);

 private:
  struct File {
    std::string path;
    UniqueFd fd;
  };

  explicit AuditLog(std::string path) : path_(std::move(path)) {}

  Status OpenAll();

  std::string path_;
  std::vector<File> files_;  // the oldest first
};

// What a person wants to see of a record.
struct AuditRecord {
  std::string time;
  std::string verb;
  std::string name;
  std::string outcome;
  std::string reason;
  std::string scope;
  std::string process;
  std::string executable;
  std::int64_t pid = 0;
  std::int64_t uid = 0;
  std::int64_t count = 1;

  // "node, process 123 (/usr/bin/node)".
  std::string Who() const;
};
std::optional<AuditRecord> ParseAuditRecord(std::string_view line);

}  // namespace libretto
