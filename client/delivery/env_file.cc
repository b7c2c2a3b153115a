#include "client/delivery/env_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "base/files.h"
#include "base/unique_fd.h"
#include "client/delivery/dotenv.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxEnvFileBytes = std::size_t{1} << 20;

StatusOr<EnvFile> Understand(std::string_view text, const std::string& path) {
  EnvFile file;
  for (DotenvEntry& entry : ParseDotenv(text)) {
    const std::string_view value = entry.value.Reveal();
    const std::string where =
        Printable(path) + ": " + Printable(entry.key, /*max_bytes=*/64);
    if (!IsReference(value)) {
      if (value.find('\0') != std::string_view::npos) {
        return Invalid(where + ": no environment can hold a NUL");
      }
      file.settings.push_back({std::move(entry.key), std::move(entry.value)});
      continue;
    }
    StatusOr<CredentialName> name =
        CredentialName::Parse(NameOfReference(value));
    if (!name.ok()) return Annotate(name.status(), where);
    file.references.push_back({std::move(entry.key), *std::move(name)});
  }
  return file;
}

Status CheckNobodyElseWroteIt(int fd, const std::string& path) {
  struct stat about {};
  if (fstat(fd, &about) != 0) {
    return FromErrno(errno, "cannot read " + Printable(path));
  }
  const bool foreign = about.st_uid != geteuid() && about.st_uid != 0;
  if (!foreign && (about.st_mode & S_IWOTH) == 0) return OkStatus();
  return WithRemedy(
      Denied(Printable(path) +
             (foreign ? " belongs to another user"
                      : " can be written by every user") +
             ", so it is not used unasked"),
      "librettoctl run --env-file " + Printable(path) + " -- COMMAND");
}

}  // namespace

StatusOr<EnvFile> ReadEnvFile(const std::string& path) {
  const StatusOr<SecretBytes> text = ReadFile(path, kMaxEnvFileBytes);
  if (!text.ok()) return text.status();
  return Understand(text->Reveal(), path);
}

StatusOr<std::optional<EnvFile>> ReadNearestEnvFile(
    const std::string& directory) {
  std::string folder = directory;
  for (;;) {
    const std::string path =
        (folder == "/" ? "" : folder) + "/" + kProjectEnvFile;
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd.valid()) {
      const Status ours = CheckNobodyElseWroteIt(fd.get(), path);
      if (!ours.ok()) return ours;
      // The file that was checked, whatever bears its name by now.
      const StatusOr<SecretBytes> text = ReadFile(
          "/proc/self/fd/" + std::to_string(fd.get()), kMaxEnvFileBytes);
      if (!text.ok()) return Annotate(text.status(), Printable(path));
      StatusOr<EnvFile> file = Understand(text->Reveal(), path);
      if (!file.ok()) return file.status();
      return *std::move(file);
    }
    if (errno != ENOENT && errno != ENOTDIR) {
      return FromErrno(errno, "cannot read " + Printable(path));
    }
    if (folder.size() <= 1) return std::nullopt;
    folder.resize(std::max<std::size_t>(folder.find_last_of('/'), 1));
  }
}

}  // namespace libretto
