// Secret: the value of a credential. Move-only; its bytes are wiped when it is
// destroyed or assigned to, and leave it through Reveal() alone, so that every
// place of your program that reads a value can be searched for.
//
// One thread at a time; hand it from thread to thread by moving.
#pragma once

#include <memory>
#include <string_view>

namespace libretto {

class SecretBytes;  // inside the library

class Secret {
 public:
  explicit Secret(SecretBytes bytes);  // for the library

  Secret(Secret&&) noexcept;
  Secret& operator=(Secret&&) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  // The value itself, up to 64 KiB, as it is stored: UTF-8, and not ended by a
  // zero byte. The view dies with this object; a copy that you make of it is
  // yours to wipe. Empty once this has been moved from.
  std::string_view Reveal() const;

 private:
  std::unique_ptr<SecretBytes> bytes_;
};

}  // namespace libretto
