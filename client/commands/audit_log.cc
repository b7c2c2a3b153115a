#include "client/commands/audit_log.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace libretto {
namespace {

// No record is longer; what is goes for no record.
constexpr std::size_t kMaxLineBytes = std::size_t{64} << 10;
// Against a file that changes without telling.
constexpr int kLookEveryMs = 1000;

StatusOr<UniqueFd> OpenFile(const std::string& path) {
  // O_NONBLOCK: a FIFO that was planted here must not hold us.
  UniqueFd fd(
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  struct stat about {};
  if (!fd.valid() || fstat(fd.get(), &about) != 0) {
    return FromErrno(errno, "cannot read " + path);
  }
  if (!S_ISREG(about.st_mode)) {
    return Invalid("cannot read " + path + ": not a regular file");
  }
  return fd;
}

bool IsSameFile(const std::string& path, int fd) {
  struct stat here {};
  struct stat ours {};
  return lstat(path.c_str(), &here) == 0 && fstat(fd, &ours) == 0 &&
         here.st_ino == ours.st_ino && here.st_dev == ours.st_dev;
}

// Cuts what is read into lines. What comes after the last newline waits for
// more, or for Rest().
class Lines {
 public:
  // Reads to the end of the file. False: it cannot be read.
  bool Read(int fd, AuditLog::OnLine on_line) {
    std::array<char, 1 << 16> buffer;
    ssize_t count = 0;
    while ((count = read(fd, buffer.data(), buffer.size())) != 0) {
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return false;
      Take({buffer.data(), static_cast<std::size_t>(count)}, on_line);
    }
    return true;
  }

  std::size_t pending() const { return pending_.size(); }

  void Rest(AuditLog::OnLine on_line) {
    if (!pending_.empty()) on_line(std::exchange(pending_, ""), false);
  }

 private:
  void Take(std::string_view bytes, AuditLog::OnLine on_line) {
    std::size_t end = 0;
    while ((end = bytes.find('\n')) != std::string_view::npos) {
      pending_ += bytes.substr(0, end);
      on_line(pending_, pending_.size() <= kMaxLineBytes);
      pending_.clear();
      bytes.remove_prefix(end + 1);
    }
    // Beyond the limit it does not matter any more what it says.
    if (pending_.size() <= kMaxLineBytes) pending_ += bytes;
  }

  std::string pending_;
};

}  // namespace

StatusOr<AuditLog> AuditLog::Open(const std::string& path) {
  AuditLog log(path);
  // Once more when it was rotated in between.
  for (int i = 0; i < 10; ++i) {
    if (Status opened = log.OpenAll(); !opened.ok()) return opened;
    if (IsSameFile(path, log.files_.back().fd.get())) break;
  }
  return log;
}

Status AuditLog::OpenAll() {
  files_.clear();
  for (int age = kOlderAuditFiles; age > 0; --age) {
    const std::string older = OlderAuditFile(path_, age);
    StatusOr<UniqueFd> fd = OpenFile(older);
    if (fd.ok()) {
      files_.push_back({older, *std::move(fd)});
    } else if (fd.status().code() != StatusCode::kNotFound) {
      return fd.status();
    }
  }
  StatusOr<UniqueFd> fd = OpenFile(path_);
  if (fd.status().code() == StatusCode::kNotFound && files_.empty()) {
    return WithRemedy(NotFound("there is no audit log: " + path_),
                      "librettoctl agent start");
  }
  if (!fd.ok()) return fd.status();
  files_.push_back({path_, *std::move(fd)});
  return OkStatus();
}

Status AuditLog::ForEach(OnLine on_line) {
  for (const File& file : files_) {
    Lines lines;
    if (!lines.Read(file.fd.get(), on_line)) {
      return FromErrno(errno, "cannot read " + file.path);
    }
    if (file.path != path_) {
      lines.Rest(on_line);
    } else {
      // In the middle of being written, if at all: Follow() reads it again.
      (void)lseek(file.fd.get(), -static_cast<off_t>(lines.pending()),
                  SEEK_CUR);
    }
  }
  return OkStatus();
}

Status AuditLog::Verify(AuditVerifier& verifier) {
  const bool more_older = files_.size() == kOlderAuditFiles + 1;
  const auto on_line = [&verifier](std::string_view line, bool whole) {
    verifier.Line(line, whole);
  };
  for (const File& file : files_) {
    verifier.BeginFile(file.path, more_older);
    Lines lines;
    if (!lines.Read(file.fd.get(), on_line)) {
      return FromErrno(errno, "cannot read " + file.path);
    }
    lines.Rest(on_line);
  }
  verifier.End();
  return OkStatus();
}

Status AuditLog::Follow(
    absl::FunctionRef<bool(std::string_view line)> on_line) {
  const UniqueFd changes(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  const std::string directory = path_.substr(0, path_.find_last_of('/'));
  if (!changes.valid() ||
      inotify_add_watch(changes.get(), directory.c_str(),
                        IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
    return FromErrno(errno, "cannot watch " + directory);
  }
  Lines lines;
  bool wanted = true;
  const auto each = [&wanted, on_line](std::string_view line, bool) {
    if (wanted) wanted = on_line(line);
  };
  while (wanted) {
    if (!lines.Read(files_.back().fd.get(), each)) {
      return FromErrno(errno, "cannot read " + path_);
    }
    if (!IsSameFile(path_, files_.back().fd.get())) {
      if (StatusOr<UniqueFd> fd = OpenFile(path_); fd.ok()) {
        // What was written between the last look and the rotation.
        (void)lines.Read(files_.back().fd.get(), each);
        lines.Rest(each);
        files_.back().fd = *std::move(fd);
        continue;
      }
    }
    pollfd ready{changes.get(), POLLIN, 0};
    (void)poll(&ready, 1, kLookEveryMs);
    std::array<char, 4096> events;
    while (read(changes.get(), events.data(), events.size()) > 0) {
    }
  }
  return OkStatus();
}

std::string AuditRecord::Who() const {
  if (pid == 0) return "the agent itself";
  std::string who = process.empty() ? "a process that has ended" : process;
  who += ", process " + std::to_string(pid);
  if (!executable.empty()) who += " (" + executable + ")";
  if (!scope.empty()) who += ", scope " + scope;
  return who;
}

std::optional<AuditRecord> ParseAuditRecord(std::string_view line) {
  const StatusOr<Json> json = ParseJson(line);
  if (!json.ok() || !json->is_object()) return std::nullopt;
  const auto number = [&json](const char* key, std::int64_t otherwise) {
    const auto member = json->find(key);
    return member != json->end() && member->is_number_integer()
               ? member->get<std::int64_t>()
               : otherwise;
  };
  const auto text = [&json](const char* key) {
    return StringAt(*json, key).value_or("");
  };
  AuditRecord record{.time = text("time"),
                     .verb = text("verb"),
                     .name = text("name"),
                     .outcome = text("outcome"),
                     .reason = text("reason"),
                     .scope = text("scope"),
                     .process = text("process"),
                     .executable = text("executable"),
                     .pid = number("pid", 0),
                     .uid = number("uid", 0),
                     .count = number("count", 1)};
  if (record.time.empty() || record.verb.empty()) return std::nullopt;
  return record;
}

}  // namespace libretto
