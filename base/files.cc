#include "base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/seal.h"
#include "base/unique_fd.h"

namespace libretto {
namespace {

Status WriteAll(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FromErrno(errno, "cannot write " + path);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return OkStatus();
}

Status SyncDirectory(const std::string& path) {
  const UniqueFd directory(
      open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid() || fsync(directory.get()) != 0) {
    return FromErrno(errno, "cannot sync " + path);
  }
  return OkStatus();
}

Status Fill(int fd, const std::string& path, std::string_view content,
            mode_t mode) {
  // The umask has had its say at open(); this is the mode that was asked for.
  if (fchmod(fd, mode) != 0) return FromErrno(errno, "cannot chmod " + path);
  Status written = WriteAll(fd, content, path);
  if (!written.ok()) return written;
  if (fsync(fd) != 0) return FromErrno(errno, "cannot sync " + path);
  return OkStatus();
}

// The name of a new file in the same folder, whole and on disk.
StatusOr<std::string> WriteBeside(const std::string& path,
                                  std::string_view content, mode_t mode) {
  std::string temporary = path + ".tmp-" + RandomAlphanumeric(8);
  const UniqueFd fd(open(temporary.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                         mode & 0700));
  if (!fd.valid()) return FromErrno(errno, "cannot write " + path);
  Status filled = Fill(fd.get(), path, content, mode);
  if (filled.ok()) return temporary;
  unlink(temporary.c_str());
  return filled;
}

}  // namespace

std::string ParentOf(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

StatusOr<SecretBytes> ReadFile(const std::string& path, std::size_t max_bytes) {
  // O_NONBLOCK: a FIFO that was planted here must not hold us.
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return FromErrno(errno, "cannot read " + path);
  struct stat about {};
  if (fstat(fd.get(), &about) != 0) {
    return FromErrno(errno, "cannot read " + path);
  }
  if (!S_ISREG(about.st_mode)) {
    return Invalid("cannot read " + path + ": not a regular file");
  }
  const auto size = static_cast<std::size_t>(about.st_size);
  if (size > max_bytes) {
    return Invalid("cannot read " + path + ": larger than " +
                   std::to_string(max_bytes) + " bytes");
  }
  SecretBytes content(size);
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t count =
        read(fd.get(), content.RevealMutable() + filled, size - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FromErrno(errno, "cannot read " + path);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  if (filled < size) {
    return SecretBytes::CopyOf(content.Reveal().substr(0, filled));
  }
  return content;
}

Status CheckReadableByOwnerAlone(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) == 0 && (about.st_mode & 077) != 0) {
    return WithRemedy(Denied(path + " is open to others"), "chmod 600 " + path);
  }
  return OkStatus();
}

Status WriteFileAtomically(const std::string& path, std::string_view content,
                           mode_t mode) {
  const StatusOr<std::string> temporary = WriteBeside(path, content, mode);
  if (!temporary.ok()) return temporary.status();
  if (rename(temporary->c_str(), path.c_str()) != 0) {
    Status failed = FromErrno(errno, "cannot replace " + path);
    unlink(temporary->c_str());
    return failed;
  }
  return SyncDirectory(ParentOf(path));
}

Status WriteNewFile(const std::string& path, std::string_view content,
                    mode_t mode) {
  const StatusOr<std::string> temporary = WriteBeside(path, content, mode);
  if (!temporary.ok()) return temporary.status();
  const int error = link(temporary->c_str(), path.c_str()) == 0 ? 0 : errno;
  unlink(temporary->c_str());
  if (error == EEXIST) return Conflict(path + " is there already");
  if (error != 0) return FromErrno(error, "cannot make " + path);
  return SyncDirectory(ParentOf(path));
}

Status RemoveFile(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return FromErrno(errno, "cannot remove " + path);
  }
  return OkStatus();
}

Status EnsurePrivateDirectory(const std::string& path) {
  // 0700 from the start: there is no moment at which others could enter.
  int made = mkdir(path.c_str(), 0700);
  if (made != 0 && errno == ENOENT && !path.empty()) {
    Status parent = EnsurePrivateDirectory(ParentOf(path));
    if (!parent.ok()) return parent;
    made = mkdir(path.c_str(), 0700);
  }
  if (made != 0 && errno != EEXIST) {
    return FromErrno(errno, "cannot make " + path);
  }
  struct stat about {};
  if (lstat(path.c_str(), &about) != 0) {
    return FromErrno(errno, "cannot look at " + path);
  }
  if (!S_ISDIR(about.st_mode)) {
    return Denied(path + " is not a directory");
  }
  if (about.st_uid != geteuid()) {
    return Denied(path + " is owned by uid " + std::to_string(about.st_uid) +
                  ", not by you (uid " + std::to_string(geteuid()) + ")");
  }
  if ((about.st_mode & 022) != 0) {
    return WithRemedy(Denied(path + " is writable by others"),
                      "chmod 0700 " + path);
  }
  return OkStatus();
}

}  // namespace libretto
