#include "agent/os/session_files.h"

#include <utility>

#include "base/files.h"
#include "base/sealed_file.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{65} << 10;

}  // namespace

SessionFiles::SessionFiles(const std::string& folder, std::string profile,
                           const Sealing& sealing)
    : clear_(folder + "/auth.json"),
      sealed_path_(folder + "/session.sealed"),
      profile_(std::move(profile)),
      sealing_(sealing) {}

StatusOr<std::optional<StoredSession>> SessionFiles::Load() {
  if (sealing_.state() == Sealing::State::kLocked) {
    return WithRemedy(Locked("the agent is locked"),
                      "librettoctl agent unlock");
  }
  StatusOr<std::optional<Account>> account = clear_.Load();
  if (!account.ok()) return account.status();
  const bool sealed = sealing_.state() == Sealing::State::kOpen;
  if (!account->has_value()) {
    if (sealed) return LoadSealed();
    return std::optional<StoredSession>();
  }
  if (sealed) return Adopt(**std::move(account));
  return std::optional<StoredSession>(
      StoredSession{**std::move(account), std::nullopt});
}

StatusOr<std::optional<StoredSession>> SessionFiles::LoadSealed() {
  const StatusOr<SecretBytes> file = ReadFile(sealed_path_, kMaxBytes);
  if (file.status().code() == StatusCode::kNotFound) {
    return std::optional<StoredSession>();
  }
  if (!file.ok()) return file.status();
  StatusOr<SealedSession> session =
      OpenSession(file->Reveal(), sealing_.key(), profile_);
  StatusOr<std::optional<Account>> account =
      session.ok() ? ParseAuthFile(session->text.Reveal())
                   : StatusOr<std::optional<Account>>(session.status());
  if (account.ok() && account->has_value()) {
    return std::optional<StoredSession>(
        StoredSession{**std::move(account), std::move(session->data_key)});
  }
  return WithRemedy(
      Corrupt(sealed_path_ + " does not open: it is damaged, or "
                             "was sealed under another passphrase"),
      "mv " + sealed_path_ + " " + sealed_path_ +
          ".broken, then librettoctl cloud auth login");
}

StatusOr<std::optional<StoredSession>> SessionFiles::Adopt(Account account) {
  // Left over by a crash, it is the session that is sealed already: what was
  // cached for it stays readable.
  DataKey data_key = DataKey::Generate();
  StatusOr<std::optional<StoredSession>> known = LoadSealed();
  if (known.ok() && known->has_value() && (*known)->data_key.has_value() &&
      (*known)->account.cookie.text.Equals(account.cookie.text)) {
    data_key = *std::move((*known)->data_key);
  }
  if (Status saved = Save(account, data_key); !saved.ok()) return saved;
  return std::optional<StoredSession>(
      StoredSession{std::move(account), std::move(data_key)});
}

Status SessionFiles::Save(const Account& account, const DataKey& data_key) {
  switch (sealing_.state()) {
    case Sealing::State::kLocked:
      return Locked("the agent is locked");
    case Sealing::State::kOff:
      if (Status saved = clear_.Save(account); !saved.ok()) return saved;
      return RemoveFile(sealed_path_);
    case Sealing::State::kOpen:
      break;
  }
  const std::string folder = ParentOf(sealed_path_);
  if (Status made = EnsurePrivateDirectory(folder); !made.ok()) return made;
  auto copy = DataKey::FromBytes(data_key.Copy());
  if (!copy.ok()) return copy.status();
  const std::string file = SealSession(
      {*std::move(copy), AuthFileText(account)}, sealing_.key(), profile_);
  if (Status saved = WriteFileAtomically(sealed_path_, file, 0600);
      !saved.ok()) {
    return saved;
  }
  return clear_.Clear();
}

Status SessionFiles::Clear() {
  if (sealing_.state() == Sealing::State::kLocked) {
    return Locked("the agent is locked");
  }
  if (Status removed = RemoveFile(sealed_path_); !removed.ok()) return removed;
  return clear_.Clear();
}

std::string SessionFiles::path() const {
  return sealing_.state() == Sealing::State::kOff ? clear_.path()
                                                  : sealed_path_;
}

}  // namespace libretto
