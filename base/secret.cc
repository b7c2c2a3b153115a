#include "base/secret.h"

#include <cstring>
#include <utility>

#include <sodium.h>

namespace libretto {
namespace {

constexpr std::size_t kStackWipeBytes = 4096;

}  // namespace

SecretBytes::SecretBytes(std::size_t size)
    : data_(size == 0 ? nullptr : new char[size]()), size_(size) {}

SecretBytes SecretBytes::CopyOf(std::string_view bytes) {
  SecretBytes copy(bytes.size());
  if (copy.data_ != nullptr) {
    std::memcpy(copy.data_, bytes.data(), bytes.size());
  }
  return copy;
}

SecretBytes SecretBytes::Take(std::string&& text) {
  SecretBytes taken = CopyOf(text);
  WipeString(text);
  return taken;
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    Wipe();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

SecretBytes::~SecretBytes() { Wipe(); }

SecretBytes SecretBytes::Clone() const { return CopyOf(Reveal()); }

bool SecretBytes::Equals(const SecretBytes& other) const {
  if (size_ != other.size_) return false;
  return size_ == 0 || sodium_memcmp(data_, other.data_, size_) == 0;
}

void SecretBytes::Wipe() noexcept {
  if (data_ == nullptr) return;
  sodium_memzero(data_, size_);
  delete[] data_;
  data_ = nullptr;
  size_ = 0;
}

void WipeStack() noexcept { sodium_stackzero(kStackWipeBytes); }

void WipeString(std::string& text) noexcept {
  // Growing to the capacity never reallocates, and makes the spare bytes, which
  // may hold what was there before, part of the string.
  text.resize(text.capacity());
  if (!text.empty()) sodium_memzero(text.data(), text.size());
  text.clear();
}

}  // namespace libretto
