// AuditFile: the audit log on disk. One line and one write(2) for a record, so
// that it is there before the caller has its answer; chained; rotated by size,
// seven older files are kept. What a crash left behind is put right when the
// file is opened, and a record says so.
//
// Nothing is synced to the disk: a crash of the agent loses no record, one of
// the machine may lose the last seconds. docs/audit-format.md has the format.
//
// Loop thread only.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/core/audit.h"
#include "base/audit_chain.h"
#include "base/clock.h"
#include "base/unique_fd.h"

namespace libretto {

struct AuditPaths {
  std::string log;   // FILE; older ones are FILE.1 to FILE.7
  std::string key;   // what the chain is keyed with
  std::string head;  // where the log ended
};

class AuditFile final : public AuditSink {
 public:
  AuditFile(AuditPaths paths, std::size_t max_bytes, const Clock& clock);

  // Opens or makes the files. Append() tries again when that fails.
  Status Open();

  Status Append(std::string_view fields) override;
  void NoteHead() override;
  AuditHead head() const override { return head_; }

 private:
  Status OpenHead();
  Status OpenLog();
  Status ContinueAfter(const std::optional<AuditHead>& known);
  Status Rotate();
  Status Write(std::string_view fields);
  bool IsStillTheLog() const;

  const AuditPaths paths_;
  const std::size_t max_bytes_;
  const Clock& clock_;
  std::optional<AuditChain> chain_;
  AuditHead head_;
  UniqueFd log_;
  UniqueFd head_file_;
  std::size_t size_ = 0;
  TimePoint look_again_;
};

}  // namespace libretto
