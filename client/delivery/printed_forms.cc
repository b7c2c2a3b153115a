#include "client/delivery/printed_forms.h"

#include <algorithm>
#include <cstdint>

namespace libretto {
namespace {

constexpr std::string_view kLower = "0123456789abcdef";
constexpr std::string_view kUpper = "0123456789ABCDEF";

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9');
}

void AppendHex(std::string& out, char c, std::string_view digits) {
  const auto byte = static_cast<unsigned char>(c);
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

std::string Hex(std::string_view value, std::string_view digits) {
  std::string out;
  for (const char c : value) AppendHex(out, c, digits);
  return out;
}

std::string WithCarriageReturns(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

// Of `value` behind `before` unknown bytes: only characters that it alone
// determines; the last one as if nothing followed where `is_end`.
std::string Base64(std::string_view value, std::size_t before,
                   std::string_view last_two, bool is_end) {
  const auto bit = [&](std::size_t i) -> unsigned {
    const std::size_t byte = i / 8;
    if (byte < before || byte >= before + value.size()) return 0;
    return static_cast<unsigned char>(value[byte - before]) >> (7 - i % 8) & 1U;
  };
  const std::size_t bits = (before + value.size()) * 8;
  std::string out;
  for (std::size_t at = (before * 8 + 5) / 6 * 6; at < bits; at += 6) {
    if (at + 6 > bits && !is_end) break;
    unsigned number = 0;
    for (std::size_t i = at; i < at + 6; ++i) number = number << 1 | bit(i);
    static constexpr std::string_view kCharacters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    out += number < 62 ? kCharacters[number] : last_two[number - 62];
  }
  return out;
}

std::string PercentEncoded(std::string_view value, std::string_view literal,
                           std::string_view digits, bool plus_for_space) {
  std::string out;
  for (const char c : value) {
    if (plus_for_space && c == ' ') {
      out += '+';
    } else if (IsAlphanumeric(c) || literal.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += '%';
      AppendHex(out, c, digits);
    }
  }
  return out;
}

void AppendUnit(std::string& out, std::uint32_t unit) {
  out += "\\u";
  AppendHex(out, static_cast<char>(unit >> 8 & 0xff), kLower);
  AppendHex(out, static_cast<char>(unit & 0xff), kLower);
}

// The character at the start of `text` that is not ASCII; its length is zero
// when it is no UTF-8, which no JSON can hold.
struct Character {
  std::uint32_t code = 0;
  std::size_t length = 0;
};

Character CharacterAt(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || length > text.size()) return {};
  std::uint32_t code = first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3fU);
  }
  return {code, length};
}

struct JsonStyle {
  bool ascii;            // \uXXXX for everything else, as Python does it
  std::string_view as;   // what has a \ before it besides " and backslash
  std::string_view hex;  // what is \u00XX besides control characters
};

void AppendJson(std::string& out, char c, const JsonStyle& style) {
  static constexpr std::string_view kControls = "\b\f\n\r\t";
  static constexpr std::string_view kLetters = "bfnrt";
  const std::size_t control = kControls.find(c);
  if (control != std::string_view::npos) {
    out += '\\';
    out += kLetters[control];
  } else if (static_cast<unsigned char>(c) < 0x20 ||
             style.hex.find(c) != std::string_view::npos) {
    AppendUnit(out, static_cast<unsigned char>(c));
  } else {
    if (c == '"' || c == '\\' || style.as.find(c) != std::string_view::npos) {
      out += '\\';
    }
    out += c;
  }
}

std::string JsonEscaped(std::string_view value, const JsonStyle& style) {
  std::string out;
  while (!value.empty()) {
    const bool plain = static_cast<unsigned char>(value.front()) < 0x80;
    const Character character =
        plain || !style.ascii ? Character() : CharacterAt(value);
    if (character.length == 0) {
      AppendJson(out, value.front(), style);
      value.remove_prefix(1);
      continue;
    }
    if (character.code >= 0x10000) {
      const std::uint32_t offset = character.code - 0x10000;
      AppendUnit(out, 0xd800 + (offset >> 10));
      AppendUnit(out, 0xdc00 + (offset & 0x3ff));
    } else {
      AppendUnit(out, character.code);
    }
    value.remove_prefix(character.length);
  }
  return out;
}

}  // namespace

std::vector<std::string> PrintedForms(std::string_view value) {
  std::vector<std::string> forms = {std::string(value),
                                    WithCarriageReturns(value),
                                    Hex(value, kLower), Hex(value, kUpper)};
  for (std::size_t before = 0; before < 3; ++before) {
    for (const std::string_view last_two : {"+/", "-_"}) {
      forms.push_back(Base64(value, before, last_two, /*is_end=*/false));
      forms.push_back(Base64(value, before, last_two, /*is_end=*/true));
    }
  }
  for (const std::string_view digits : {kUpper, kLower}) {
    // RFC 3986; JavaScript's encodeURIComponent(); Python's quote(); forms.
    for (const std::string_view literal : {"-_.~", "-_.~!*'()", "-_.~/"}) {
      forms.push_back(PercentEncoded(value, literal, digits, false));
    }
    for (const std::string_view literal : {"-_.*", "-_.~"}) {
      forms.push_back(PercentEncoded(value, literal, digits, true));
    }
  }
  for (const bool ascii : {false, true}) {
    forms.push_back(JsonEscaped(value, {ascii, "", ""}));
    forms.push_back(JsonEscaped(value, {ascii, "/", ""}));
    forms.push_back(JsonEscaped(value, {ascii, "", "<>&"}));
  }
  return forms;
}

}  // namespace libretto
