#include "base/sealed_file.h"

#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <sodium.h>

namespace libretto {
namespace {

constexpr std::string_view kPassphraseMagic = "LBRSEALP";
constexpr std::string_view kSessionMagic = "LBRSEALS";
constexpr char kVersion = 1;
constexpr char kArgon2id = 1;

// Offsets in a passphrase file.
constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kKdfAt = 9;
constexpr std::size_t kMemoryAt = 10;
constexpr std::size_t kPassesAt = 14;
constexpr std::size_t kSaltAt = 18;
constexpr std::size_t kSaltBytes = crypto_pwhash_SALTBYTES;
constexpr std::size_t kPassphraseHeader = kSaltAt + kSaltBytes;
constexpr std::size_t kSealedKeyBytes = 1 + 24 + DataKey::kBytes + 16;
constexpr std::size_t kSessionHeader = kVersionAt + 1;

// A file that asks for more was not written by us; it would only make the
// agent slow.
constexpr std::uint32_t kMinMemoryKib = 8 * 1024;
constexpr std::uint32_t kMaxMemoryKib = 1024 * 1024;
constexpr std::uint32_t kMaxPasses = 16;
constexpr std::uint64_t kMaxWorkKib = std::uint64_t{4} * 1024 * 1024;

static_assert(crypto_pwhash_argon2id_SALTBYTES == crypto_pwhash_SALTBYTES);

void AppendNumber(std::string& bytes, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) {
    bytes += static_cast<char>((number >> shift) & 0xff);
  }
}

std::uint32_t NumberAt(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    number |= std::uint32_t{static_cast<unsigned char>(bytes[at + i])}
              << (8 * i);
  }
  return number;
}

Status CheckCost(const Argon2Cost& cost) {
  const std::uint64_t work = std::uint64_t{cost.memory_kib} * cost.passes;
  if (cost.memory_kib < kMinMemoryKib || cost.memory_kib > kMaxMemoryKib ||
      cost.passes < 1 || cost.passes > kMaxPasses || work > kMaxWorkKib) {
    return Corrupt("its cost is out of bounds");
  }
  return OkStatus();
}

Argon2Cost CostIn(std::string_view file) {
  return {NumberAt(file, kMemoryAt), NumberAt(file, kPassesAt)};
}

StatusOr<DataKey> Derive(const Passphrase& passphrase, const Argon2Cost& cost,
                         std::string_view salt) {
  if (sodium_init() < 0) return Internal("libsodium does not start");
  SecretBytes derived(DataKey::kBytes);
  const int result = crypto_pwhash(
      reinterpret_cast<unsigned char*>(derived.RevealMutable()), derived.size(),
      passphrase.text.Reveal().data(), passphrase.text.size(),
      reinterpret_cast<const unsigned char*>(salt.data()), cost.passes,
      std::size_t{cost.memory_kib} * 1024, crypto_pwhash_ALG_ARGON2ID13);
  WipeStack();
  if (result != 0) {
    return Internal("there is no memory for Argon2id, which needs " +
                    std::to_string(cost.memory_kib / 1024) + " MiB");
  }
  return DataKey::FromBytes(derived);
}

std::string PassphraseBinding(std::string_view header) {
  return BindingOf({"libretto passphrase file", header});
}

std::string SessionBinding(std::string_view header, std::string_view profile) {
  return BindingOf({"libretto session file", header, profile});
}

std::string AsText(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> AsBytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

Status UnknownForm() { return Corrupt("it has an unknown form"); }

}  // namespace

Status Passphrase::Check() const {
  if (text.size() < kMinBytes || text.size() > kMaxBytes) {
    return Invalid("a passphrase is " + std::to_string(kMinBytes) + " to " +
                   std::to_string(kMaxBytes) + " bytes long");
  }
  return OkStatus();
}

StatusOr<std::string> SealUnderPassphrase(const FileKey& key,
                                          const Passphrase& passphrase,
                                          const Argon2Cost& cost) {
  if (Status good = CheckCost(cost); !good.ok()) return good;
  std::string file(kPassphraseMagic);
  file += kVersion;
  file += kArgon2id;
  AppendNumber(file, cost.memory_kib);
  AppendNumber(file, cost.passes);
  file += RandomBytes(kSaltBytes).Reveal();
  const StatusOr<DataKey> derived =
      Derive(passphrase, cost, std::string_view(file).substr(kSaltAt));
  if (!derived.ok()) return derived.status();
  file += AsText(Seal(key.key.Copy(), *derived, PassphraseBinding(file)));
  return file;
}

Status CheckPassphraseFile(std::string_view file) {
  if (file.size() != kPassphraseHeader + kSealedKeyBytes ||
      !file.starts_with(kPassphraseMagic) || file[kVersionAt] != kVersion ||
      file[kKdfAt] != kArgon2id) {
    return UnknownForm();
  }
  return CheckCost(CostIn(file));
}

StatusOr<FileKey> OpenWithPassphrase(std::string_view file,
                                     const Passphrase& passphrase) {
  if (Status good = CheckPassphraseFile(file); !good.ok()) return good;
  const std::string_view header = file.substr(0, kPassphraseHeader);
  const StatusOr<DataKey> derived =
      Derive(passphrase, CostIn(file), header.substr(kSaltAt));
  if (!derived.ok()) return derived.status();
  const StatusOr<SecretBytes> opened =
      Open(AsBytes(file.substr(kPassphraseHeader)), *derived,
           PassphraseBinding(header));
  if (!opened.ok()) return Unauthenticated("the passphrase is wrong");
  StatusOr<DataKey> key = DataKey::FromBytes(*opened);
  if (!key.ok()) return UnknownForm();
  return FileKey{*std::move(key)};
}

std::string SealSession(const SealedSession& session, const FileKey& key,
                        std::string_view profile) {
  SecretBytes plain(DataKey::kBytes + session.text.size());
  const SecretBytes data_key = session.data_key.Copy();
  const std::string_view text = session.text.Reveal();
  std::memcpy(plain.RevealMutable(), data_key.Reveal().data(), data_key.size());
  if (!text.empty()) {
    std::memcpy(plain.RevealMutable() + DataKey::kBytes, text.data(),
                text.size());
  }
  std::string file(kSessionMagic);
  file += kVersion;
  file += AsText(Seal(plain, key.key, SessionBinding(file, profile)));
  return file;
}

StatusOr<SealedSession> OpenSession(std::string_view file, const FileKey& key,
                                    std::string_view profile) {
  if (file.size() < kSessionHeader || !file.starts_with(kSessionMagic) ||
      file[kVersionAt] != kVersion) {
    return UnknownForm();
  }
  const StatusOr<SecretBytes> plain =
      Open(AsBytes(file.substr(kSessionHeader)), key.key,
           SessionBinding(file.substr(0, kSessionHeader), profile));
  if (!plain.ok()) return plain.status();
  if (plain->size() < DataKey::kBytes) return UnknownForm();
  StatusOr<DataKey> data_key = DataKey::FromBytes(
      SecretBytes::CopyOf(plain->Reveal().substr(0, DataKey::kBytes)));
  if (!data_key.ok()) return data_key.status();
  return SealedSession{
      *std::move(data_key),
      SecretBytes::CopyOf(plain->Reveal().substr(DataKey::kBytes))};
}

}  // namespace libretto
