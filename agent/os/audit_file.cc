#include "agent/os/audit_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/files.h"

namespace libretto {
namespace {

// Longer than any record: four texts of at most a kilobyte, escaped.
constexpr std::size_t kTailBytes = std::size_t{64} << 10;
constexpr std::size_t kHeadFileBytes = 256;
// How soon it is noticed that somebody has taken the file away.
constexpr std::chrono::seconds kLookInterval{1};

StatusOr<UniqueFd> OpenOwn(const std::string& path, int flags) {
  UniqueFd fd(open(
      path.c_str(),
      O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | flags, 0600));
  struct stat about {};
  if (!fd.valid() || fstat(fd.get(), &about) != 0) {
    return FromErrno(errno, "cannot open " + path);
  }
  if (!S_ISREG(about.st_mode) || about.st_uid != geteuid()) {
    return Denied(path + " is not a file of yours");
  }
  if (fchmod(fd.get(), 0600) != 0) {
    return FromErrno(errno, "cannot chmod " + path);
  }
  return fd;
}

std::size_t SizeOf(int fd) {
  struct stat about {};
  return fstat(fd, &about) == 0 ? static_cast<std::size_t>(about.st_size) : 0;
}

// All or nothing: a line that did not fit is taken back.
Status WriteWhole(int fd, std::string_view text, const std::string& path) {
  ssize_t count = 0;
  do {
    count = write(fd, text.data(), text.size());
  } while (count < 0 && errno == EINTR);
  if (count == static_cast<ssize_t>(text.size())) return OkStatus();
  const int error = count < 0 ? errno : ENOSPC;
  if (count > 0) {
    const std::size_t size = SizeOf(fd);
    (void)!ftruncate(fd, static_cast<off_t>(size) - count);
  }
  return FromErrno(error, "cannot write " + path);
}

std::string ReadAt(int fd, std::size_t offset, std::size_t size) {
  std::string text(size, '\0');
  const ssize_t count =
      pread(fd, text.data(), text.size(), static_cast<off_t>(offset));
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return text;
}

// The record in the last whole line of `tail`, if it is one.
std::optional<AuditHead> LastRecord(std::string_view tail) {
  const std::size_t end = tail.find_last_of('\n');
  if (end == std::string_view::npos) return std::nullopt;
  tail = tail.substr(0, end);
  const auto line = ParseAuditLine(tail.substr(tail.find_last_of('\n') + 1));
  if (!line.has_value()) return std::nullopt;
  return AuditHead{line->sequence, line->tag};
}

}  // namespace

AuditFile::AuditFile(AuditPaths paths, std::size_t max_bytes,
                     const Clock& clock)
    : paths_(std::move(paths)), max_bytes_(max_bytes), clock_(clock) {}

Status AuditFile::Open() {
  if (!chain_.has_value()) {
    StatusOr<AuditChain> chain = AuditChain::LoadOrMake(paths_.key);
    if (!chain.ok()) return chain.status();
    chain_ = *std::move(chain);
  }
  if (Status opened = OpenHead(); !opened.ok()) return opened;
  // What this agent has written itself it knows best.
  std::optional<AuditHead> known = head_;
  if (head_.sequence == 0) {
    known = chain_->ReadHead(ReadAt(head_file_.get(), 0, kHeadFileBytes));
  }
  if (Status opened = OpenLog(); !opened.ok()) return opened;
  Status continued = ContinueAfter(known);
  if (!continued.ok()) {
    log_.Reset();
    return continued;
  }
  NoteHead();
  return OkStatus();
}

Status AuditFile::OpenHead() {
  StatusOr<UniqueFd> file = OpenOwn(paths_.head, 0);
  if (!file.ok()) return file.status();
  head_file_ = *std::move(file);
  return OkStatus();
}

Status AuditFile::OpenLog() {
  const std::string directory = ParentOf(paths_.log);
  Status ensured = EnsurePrivateDirectory(directory);
  if (!ensured.ok()) return ensured;
  StatusOr<UniqueFd> file = OpenOwn(paths_.log, O_APPEND);
  if (!file.ok()) return file.status();
  // Two chains in one file would be none.
  if (flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
    return Conflict("another agent writes " + paths_.log);
  }
  log_ = *std::move(file);
  size_ = SizeOf(log_.get());
  look_again_ = clock_.Now() + kLookInterval;
  return OkStatus();
}

// Where the chain goes on. `known` is right when it says more than the file
// does: what is missing then shows as a gap. The file says more when an agent
// was killed before it had noted the last records.
Status AuditFile::ContinueAfter(const std::optional<AuditHead>& known) {
  const std::size_t tail_size = std::min(size_, kTailBytes);
  const std::string tail = ReadAt(log_.get(), size_ - tail_size, tail_size);
  const AuditHead last = LastRecord(tail).value_or(AuditHead());
  head_ = known.has_value() && known->sequence >= last.sequence ? *known : last;
  if (tail.empty()) return OkStatus();
  if (tail.back() != '\n') {
    Status ended = WriteWhole(log_.get(), "\n", paths_.log);
    if (!ended.ok()) return ended;
    ++size_;
    return Write(AuditFields({.verb = FixedText("Audit.Recovered"),
                              .outcome = AuditEvent::Outcome::kFailed,
                              .reason = "cut_line"},
                             clock_.WallNow()));
  }
  if (known.has_value()) return OkStatus();
  return Write(AuditFields({.verb = FixedText("Audit.Recovered"),
                            .outcome = AuditEvent::Outcome::kFailed,
                            .reason = "no_head"},
                           clock_.WallNow()));
}

Status AuditFile::Append(std::string_view fields) {
  if (log_.valid() && clock_.Now() >= look_again_) {
    look_again_ = clock_.Now() + kLookInterval;
    if (!IsStillTheLog()) log_.Reset();
  }
  if (!log_.valid()) {
    if (Status opened = Open(); !opened.ok()) return opened;
  }
  return Write(fields);
}

bool AuditFile::IsStillTheLog() const {
  struct stat here {};
  struct stat ours {};
  return lstat(paths_.log.c_str(), &here) == 0 &&
         fstat(log_.get(), &ours) == 0 && here.st_ino == ours.st_ino &&
         here.st_dev == ours.st_dev;
}

Status AuditFile::Write(std::string_view fields) {
  AuditHead next = head_;
  std::string line = chain_->Append(next, size_ == 0, fields);
  if (size_ > 0 && size_ + line.size() > max_bytes_) {
    if (Status rotated = Rotate(); !rotated.ok()) return rotated;
    next = head_;
    line = chain_->Append(next, size_ == 0, fields);
  }
  Status written = WriteWhole(log_.get(), line, paths_.log);
  if (!written.ok()) return written;
  size_ += line.size();
  head_ = next;
  return OkStatus();
}

void AuditFile::NoteHead() {
  if (!head_file_.valid()) return;
  // Over what was there, so a full disk is no matter.
  const std::string head = chain_->WriteHead(head_);
  (void)!pwrite(head_file_.get(), head.data(), head.size(), 0);
}

Status AuditFile::Rotate() {
  for (int age = kOlderAuditFiles; age > 0; --age) {
    const std::string from =
        age == 1 ? paths_.log : OlderAuditFile(paths_.log, age - 1);
    if (rename(from.c_str(), OlderAuditFile(paths_.log, age).c_str()) != 0 &&
        errno != ENOENT) {
      return OkStatus();  // rather a file too long than a record lost
    }
  }
  log_.Reset();
  return OpenLog();
}

}  // namespace libretto
