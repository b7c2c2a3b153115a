#include "cloud/core/email_address.h"

#include <algorithm>
#include <cstddef>

namespace libretto::cloud {
namespace {

constexpr std::size_t kMaxBytes = 254;

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLocal(char c) {
  return IsLetter(c) || IsDigit(c) || c == '_' || c == '\'' || c == '+' ||
         c == '-';
}

bool IsLocalPart(std::string_view local) {
  if (local.empty() || local.back() == '\'' || local.back() == '.') {
    return false;
  }
  char before = '.';
  for (const char c : local) {
    if (c == '.' ? before == '.' : !IsLocal(c)) return false;
    before = c;
  }
  return true;
}

bool IsDomainLabel(std::string_view label) {
  return !label.empty() && label.front() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) {
           return IsLetter(c) || IsDigit(c) || c == '-';
         });
}

bool IsDomain(std::string_view domain) {
  const std::size_t last_dot = domain.rfind('.');
  if (last_dot == std::string_view::npos) return false;
  const std::string_view top = domain.substr(last_dot + 1);
  if (top.size() < 2 || !std::all_of(top.begin(), top.end(), IsLetter)) {
    return false;
  }
  std::string_view labels = domain.substr(0, last_dot);
  while (true) {
    const std::size_t dot = labels.find('.');
    if (!IsDomainLabel(labels.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    labels.remove_prefix(dot + 1);
  }
}

bool IsSlugEnd(char c) { return (c >= 'a' && c <= 'z') || IsDigit(c); }

}  // namespace

bool IsEmailAddress(std::string_view text) {
  const std::size_t at = text.find('@');
  return text.size() <= kMaxBytes && at != std::string_view::npos &&
         IsLocalPart(text.substr(0, at)) && IsDomain(text.substr(at + 1));
}

bool IsSlug(std::string_view text) {
  return !text.empty() && IsSlugEnd(text.front()) && IsSlugEnd(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsSlugEnd(c) || c == '-'; });
}

}  // namespace libretto::cloud
