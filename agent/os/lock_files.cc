#include "agent/os/lock_files.h"

#include <charconv>
#include <string_view>

#include <spdlog/spdlog.h>

#include "base/files.h"
#include "base/sealed_file.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxBytes = 1024;
// More than ever makes a difference.
constexpr int kMaxFailures = 1'000'000;

}  // namespace

StatusOr<std::optional<std::string>> LockFiles::Load() {
  const StatusOr<SecretBytes> file = ReadFile(Path(), kMaxBytes);
  if (file.status().code() == StatusCode::kNotFound) {
    return std::optional<std::string>();
  }
  const Status good =
      file.ok() ? CheckPassphraseFile(file->Reveal()) : file.status();
  if (good.ok()) return std::optional<std::string>(file->Reveal());
  return WithRemedy(
      Annotate(good, Path() + " cannot be used"),
      "restore it; or librettoctl agent unenroll --discard, and log in again");
}

Status LockFiles::Save(std::string_view passphrase_file) {
  return WriteFileAtomically(Path(), passphrase_file, 0600);
}

Status LockFiles::Remove() { return RemoveFile(Path()); }

Status LockFiles::Discard() {
  // The sessions first: a passphrase file that stays behind by a crash keeps
  // the agent locked, which says what is left to do.
  for (const std::string& profile : profiles_.Names()) {
    Status removed =
        RemoveFile(profiles_.DirectoryOf(profile) + "/session.sealed");
    if (!removed.ok()) return removed;
  }
  return Remove();
}

int LockFiles::LoadFailures() {
  const StatusOr<SecretBytes> file = ReadFile(FailuresPath(), kMaxBytes);
  if (!file.ok()) return 0;
  const std::string_view text = file->Reveal();
  int failures = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), failures);
  // What cannot be understood has been tampered with: the longest delay.
  if (error != std::errc() || failures < 0) return kMaxFailures;
  return failures;
}

void LockFiles::SaveFailures(int failures) {
  const Status saved =
      failures == 0
          ? RemoveFile(FailuresPath())
          : WriteFileAtomically(FailuresPath(), std::to_string(failures) + "\n",
                                0600);
  if (!saved.ok()) {
    spdlog::warn("wrong passphrases are not counted on disk reason=\"{}\"",
                 Message(saved));
  }
}

}  // namespace libretto
