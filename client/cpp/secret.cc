#include "libretto/secret.h"

#include <utility>

#include "base/secret.h"

namespace libretto {

Secret::Secret(SecretBytes bytes)
    : bytes_(std::make_unique<SecretBytes>(std::move(bytes))) {}

Secret::Secret(Secret&&) noexcept = default;
Secret& Secret::operator=(Secret&&) noexcept = default;
Secret::~Secret() = default;

std::string_view Secret::Reveal() const {
  return bytes_ == nullptr ? std::string_view() : bytes_->Reveal();
}

}  // namespace libretto
