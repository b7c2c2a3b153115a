#include "client/delivery/environment.h"

#include <algorithm>

namespace libretto {
namespace {

bool Sets(std::string_view entry, std::string_view variable) {
  return entry.size() > variable.size() && entry.starts_with(variable) &&
         entry[variable.size()] == '=';
}

}  // namespace

bool IsVariableName(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  };
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9');
         });
}

Environment::Environment(const char* const* inherited) {
  for (; *inherited != nullptr; ++inherited) {
    const std::string_view entry(*inherited);
    // With its NUL.
    entries_.push_back(SecretBytes::CopyOf({*inherited, entry.size() + 1}));
  }
}

Environment Environment::Clone() const {
  Environment clone;
  for (const SecretBytes& entry : entries_) {
    clone.entries_.push_back(entry.Clone());
  }
  return clone;
}

void Environment::Set(std::string_view variable, std::string_view value) {
  Remove(variable);
  SecretBytes entry(variable.size() + 1 + value.size() + 1);
  char* out = entry.RevealMutable();
  out = std::copy(variable.begin(), variable.end(), out);
  *out++ = '=';
  std::copy(value.begin(), value.end(), out);
  entries_.push_back(std::move(entry));
}

void Environment::Remove(std::string_view variable) {
  std::erase_if(entries_, [variable](const SecretBytes& entry) {
    return Sets(entry.Reveal(), variable);
  });
}

bool Environment::Has(std::string_view variable) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [variable](const SecretBytes& entry) {
                       return Sets(entry.Reveal(), variable);
                     });
}

std::vector<char*> Environment::Pointers() {
  std::vector<char*> pointers;
  pointers.reserve(entries_.size() + 1);
  for (SecretBytes& entry : entries_) pointers.push_back(entry.RevealMutable());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace libretto
