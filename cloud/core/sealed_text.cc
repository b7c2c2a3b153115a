#include "cloud/core/sealed_text.h"

#include <cstddef>
#include <vector>

#include <sodium.h>

#include "cloud/core/tokens.h"

namespace libretto::cloud {

std::string SealToText(const SecretBytes& plain, const DataKey& key,
                       std::string_view bound_to) {
  const std::vector<std::byte> sealed = Seal(plain, key, bound_to);
  return Base64Url(
      {reinterpret_cast<const char*>(sealed.data()), sealed.size()});
}

StatusOr<SecretBytes> OpenText(std::string_view text, const DataKey& key,
                               std::string_view bound_to) {
  std::vector<std::byte> sealed(text.size());
  std::size_t length = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(sealed.data()),
                        sealed.size(), text.data(), text.size(), nullptr,
                        &length, nullptr,
                        sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0) {
    return Corrupt("sealed text is not base64");
  }
  sealed.resize(length);
  return Open(sealed, key, bound_to);
}

}  // namespace libretto::cloud
