// Small rules about text that the contract's libraries have. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace libretto::cloud {

// How long JavaScript says that well-formed UTF-8 is: the contract counts so.
std::size_t Utf16Length(std::string_view text);

// ASCII letters only.
std::string LowerCased(std::string_view text);

// As encodeURIComponent() does.
std::string PercentEncoded(std::string_view text);

// Nothing is refused: a '%' without two hexadecimal digits stays.
std::string PercentDecoded(std::string_view text);

}  // namespace libretto::cloud
