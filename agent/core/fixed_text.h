// FixedText: a text that is part of the program. Only a literal becomes one, at
// compile time; nothing that was read, received or revealed converts to it. So
// a field of this type cannot carry a secret. Any thread.
#pragma once

#include <string_view>

namespace libretto {

class FixedText {
 public:
  constexpr FixedText() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is meant to do.
  consteval FixedText(const char* literal) : text_(literal) {}

  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr operator std::string_view() const { return text_; }
  constexpr bool empty() const { return text_.empty(); }

 private:
  std::string_view text_;
};

}  // namespace libretto
