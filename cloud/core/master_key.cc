#include "cloud/core/master_key.h"

#include <string_view>
#include <utility>

#include <sodium.h>

#include "base/check.h"
#include "base/files.h"
#include "cloud/core/sealed_text.h"

namespace libretto::cloud {
namespace {

constexpr std::string_view kContext = "libretto";
constexpr unsigned kSealing = 1;
constexpr unsigned kCookies = 2;
constexpr std::size_t kBytes = DataKey::kBytes;
constexpr std::size_t kMaxFileBytes = 256;
constexpr char kKeyCheck[] = "key_check";

StatusOr<SecretBytes> ReadKey(const std::string& path) {
  StatusOr<SecretBytes> text = ReadFile(path, kMaxFileBytes);
  if (!text.ok()) return text.status();
  SecretBytes bytes(kBytes);
  std::size_t length = 0;
  const int result = sodium_hex2bin(
      reinterpret_cast<unsigned char*>(bytes.RevealMutable()), kBytes,
      text->Reveal().data(), text->size(), "\n", &length, nullptr);
  if (result != 0 || length != kBytes) {
    return Invalid("the key file " + path +
                   " does not hold 64 hexadecimal digits");
  }
  return bytes;
}

StatusOr<SecretBytes> MakeKey(const std::string& path) {
  SecretBytes bytes = RandomBytes(kBytes);
  SecretBytes text(2 * kBytes + 1);
  sodium_bin2hex(text.RevealMutable(), text.size(),
                 reinterpret_cast<const unsigned char*>(bytes.Reveal().data()),
                 kBytes);
  text.RevealMutable()[2 * kBytes] = '\n';
  Status written = WriteNewFile(path, text.Reveal(), 0600);
  // Another server that starts with the same file was first: its key counts.
  if (written.code() == StatusCode::kAborted) return ReadKey(path);
  if (!written.ok()) return written;
  return bytes;
}

Status WrongKey(const std::string& path, std::string_view why) {
  return WithRemedy(
      Invalid("the database holds data that is sealed under another key than "
              "that of " +
              path + ": " + std::string(why)),
      "libretto-cloud serve --key-file PATH-OF-THE-RIGHT-KEY");
}

}  // namespace

StatusOr<MasterKey> MasterKey::Open(const std::string& path, Store& store) {
  StatusOr<std::string> check = store.Setting(kKeyCheck);
  const bool is_new = check.status().code() == StatusCode::kNotFound;
  if (!check.ok() && !is_new) return check.status();

  StatusOr<SecretBytes> bytes = ReadKey(path);
  if (bytes.status().code() == StatusCode::kNotFound) {
    if (!is_new) return WrongKey(path, "there is no such file");
    bytes = MakeKey(path);
  }
  if (!bytes.ok()) return bytes.status();

  StatusOr<DataKey> root = DataKey::FromBytes(*bytes);
  if (!root.ok()) return root.status();
  MasterKey key(*std::move(root));
  if (is_new) {
    Status added =
        store.AddSetting(kKeyCheck, SealToText(SecretBytes::CopyOf(kKeyCheck),
                                               key.SealingKey(), kKeyCheck));
    if (!added.ok()) return added;
    // Another server that starts at the same time may have been first.
    check = store.Setting(kKeyCheck);
    if (!check.ok()) return check.status();
  }
  if (!OpenText(*check, key.SealingKey(), kKeyCheck).ok()) {
    return WrongKey(path, "the key check does not open");
  }
  return key;
}

DataKey MasterKey::SealingKey() const {
  StatusOr<DataKey> key =
      DataKey::FromBytes(DeriveKey(key_, kSealing, kContext));
  LIBRETTO_CHECK(key.ok());
  return *std::move(key);
}

SecretBytes MasterKey::CookieKey() const {
  return DeriveKey(key_, kCookies, kContext);
}

}  // namespace libretto::cloud
