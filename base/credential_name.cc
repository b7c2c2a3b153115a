#include "base/credential_name.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace libretto {
namespace {

constexpr std::string_view kReserved = "api_key";
constexpr std::string_view kScheme = "libretto://";

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool MatchesRule(std::string_view text) {
  if (text.empty() || text.size() > CredentialName::kMaxBytes) return false;
  if (!IsWord(text.front())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return IsWord(c) || c == '.' || c == '-'; });
}

// Length of the UTF-8 sequence at the start of `text` if it must not reach a
// terminal raw: C0, DEL, C1 and bidirectional controls. Zero if it may.
std::size_t UnsafePrefix(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0U;
  };
  const unsigned first = at(0);
  if (first < 0x20 || first == 0x7f) return 1;
  if (first == 0xc2 && at(1) >= 0x80 && at(1) <= 0x9f) return 2;
  if (first == 0xd8 && at(1) == 0x9c) return 2;  // U+061C
  if (first == 0xe2 && at(1) == 0x80 &&
      ((at(2) >= 0x8e && at(2) <= 0x8f) || (at(2) >= 0xa8 && at(2) <= 0xae))) {
    return 3;  // U+200E..F, U+2028..202E
  }
  if (first == 0xe2 && at(1) == 0x81 && at(2) >= 0xa6 && at(2) <= 0xa9) {
    return 3;  // U+2066..2069
  }
  return 0;
}

// Length of the well-formed UTF-8 sequence at the start of `text`, or zero.
std::size_t Utf8Prefix(std::string_view text) {
  const auto first = static_cast<std::uint8_t>(text.front());
  const std::size_t length = first < 0x80    ? 1
                             : first < 0xc2  ? 0
                             : first < 0xe0  ? 2
                             : first < 0xf0  ? 3
                             : first <= 0xf4 ? 4
                                             : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<std::uint8_t>(text[i]) & 0xc0) != 0x80) return 0;
  }
  if (length < 3) return length;
  // Overlong forms (which may spell a control character), surrogates, and what
  // lies beyond U+10FFFF.
  const auto second = static_cast<std::uint8_t>(text[1]);
  if (first == 0xe0 && second < 0xa0) return 0;
  if (first == 0xed && second > 0x9f) return 0;
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second > 0x8f) return 0;
  return length;
}

}  // namespace

StatusOr<CredentialName> CredentialName::Parse(std::string_view text) {
  std::string folded(Trim(text));
  std::transform(folded.begin(), folded.end(), folded.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (folded == kReserved) {
    return Invalid(
        "the name api_key is reserved: LIBRETTO_CLOUD_API_KEY never reaches "
        "a workflow");
  }
  if (!MatchesRule(folded)) {
    return Invalid(
        "a credential name is 1 to 128 characters of a-z, 0-9, '_', '.' and "
        "'-', and begins with a letter, a digit or '_'");
  }
  return CredentialName(std::move(folded));
}

StatusOr<CredentialName> CredentialName::Verbatim(std::string_view text) {
  if (text.empty() || text.size() > kMaxVerbatimBytes) {
    return Invalid("a credential name is 1 to 1024 bytes long");
  }
  return CredentialName(std::string(text));
}

bool CredentialName::FollowsRule() const {
  return text_ != kReserved && MatchesRule(text_);
}

std::optional<std::string> CredentialName::EnvVariable() const {
  if (text_ == kReserved || text_.empty() ||
      !std::all_of(text_.begin(), text_.end(), IsWord)) {
    return std::nullopt;
  }
  std::string variable(kEnvPrefix);
  for (const char c : text_) {
    variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return variable;
}

bool IsReference(std::string_view text) { return text.starts_with(kScheme); }

std::string_view NameOfReference(std::string_view reference) {
  if (IsReference(reference)) reference.remove_prefix(kScheme.size());
  return reference;
}

StatusOr<ReferenceTarget> ParseReference(std::string_view text) {
  const std::string_view path = NameOfReference(text);
  const std::string_view name =
      IsReference(text) ? path.substr(0, path.find('?')) : path;
  if (name.empty()) {
    return Invalid("the reference names no credential: libretto://NAME");
  }
  const std::string_view query = path.substr(name.size());
  if (!query.empty() && query != "?attribute=otp") {
    return Invalid(
        "what follows the name in a reference can only be "
        "?attribute=otp");
  }
  return ReferenceTarget{std::string(name), !query.empty()};
}

std::string Printable(std::string_view text, std::size_t max_bytes) {
  // Nearly everything is, and it is asked a dozen times for each call.
  if (text.size() <= max_bytes &&
      std::all_of(text.begin(), text.end(),
                  [](char c) { return c >= 0x20 && c < 0x7f; })) {
    return std::string(text);
  }
  static constexpr std::array<char, 17> kHex = {"0123456789abcdef"};
  std::string out;
  while (!text.empty()) {
    std::size_t length = UnsafePrefix(text);
    const std::size_t whole = Utf8Prefix(text);
    const bool escape = length > 0 || whole == 0;
    if (length == 0) length = std::max<std::size_t>(whole, 1);
    length = std::min(length, text.size());
    if (out.size() + (escape ? 4 * length : length) > max_bytes) {
      return out + "...";
    }
    for (const char c : text.substr(0, length)) {
      if (!escape) {
        out += c;
        continue;
      }
      const auto byte = static_cast<std::uint8_t>(c);
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace libretto
