#include "client/commands/json_object.h"

#include <cstddef>

#include "base/credential_name.h"

namespace libretto {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

bool Within(std::string_view text, std::size_t at, unsigned low,
            unsigned high) {
  if (at >= text.size()) return false;
  const unsigned byte = static_cast<unsigned char>(text[at]);
  return byte >= low && byte <= high;
}

// Length of the UTF-8 character at the start of `text` (RFC 3629's table); zero
// when it is malformed.
std::size_t CharacterSize(std::string_view text) {
  const unsigned first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf)
    return Within(text, 1, 0x80, 0xbf) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned low = first == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = first == 0xed ? 0x9f : 0xbf;  // no surrogates
    const bool good = Within(text, 1, low, high) && Within(text, 2, 0x80, 0xbf);
    return good ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned low = first == 0xf0 ? 0x90 : 0x80;
    const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
    const bool good = Within(text, 1, low, high) &&
                      Within(text, 2, 0x80, 0xbf) &&
                      Within(text, 3, 0x80, 0xbf);
    return good ? 4 : 0;
  }
  return 0;
}

void AppendEscaped(char c, std::string& out) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
    case '\\':
      out += '\\';
      out += c;
      return;
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x20 || byte == 0x7f) {
    out += "\\u00";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  } else {
    out += c;
  }
}

// Beyond ASCII: C1 and Unicode's bidirectional marks, which a terminal acts on.
bool IsTerminalControl(std::string_view character) {
  return Printable(character) != character;
}

// As \uXXXX; `character` is two or three bytes of UTF-8.
void AppendCodePoint(std::string_view character, std::string& out) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  unsigned code = static_cast<unsigned char>(character.front()) &
                  (character.size() == 2 ? 0x1fU : 0x0fU);
  for (const char c : character.substr(1)) {
    code = code << 6 | (static_cast<unsigned char>(c) & 0x3fU);
  }
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[code >> shift & 15U];
}

std::string Joined(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) {
    if (out.size() > 1) out += ",";
    out += item;
  }
  return out + "]";
}

}  // namespace

std::string JsonText(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  out += '"';
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    if (size == 0) {
      out += kReplacement;
    } else if (size == 1) {
      AppendEscaped(text.front(), out);
    } else if (IsTerminalControl(text.substr(0, size))) {
      AppendCodePoint(text.substr(0, size), out);
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out + '"';
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

JsonObject& JsonObject::Raw(std::string_view key, std::string_view json) {
  if (!members_.empty()) members_ += ",";
  members_ += JsonText(key);
  members_ += ":";
  members_ += json;
  return *this;
}

JsonObject& JsonObject::Text(std::string_view key, std::string_view value) {
  return Raw(key, JsonText(value));
}

JsonObject& JsonObject::TextOrNull(std::string_view key,
                                   std::string_view value) {
  return value.empty() ? Raw(key, "null") : Text(key, value);
}

JsonObject& JsonObject::Number(std::string_view key, std::int64_t value) {
  return Raw(key, std::to_string(value));
}

JsonObject& JsonObject::Flag(std::string_view key, bool value) {
  return Raw(key, value ? "true" : "false");
}

std::string JsonArray(const std::vector<JsonObject>& objects) {
  std::vector<std::string> items;
  items.reserve(objects.size());
  for (const JsonObject& object : objects) items.push_back(object.str());
  return Joined(items);
}

std::string JsonArray(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  items.reserve(texts.size());
  for (const std::string& text : texts) items.push_back(JsonText(text));
  return Joined(items);
}

}  // namespace libretto
