#include "client/delivery/template.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

namespace libretto {
namespace {

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";
constexpr std::string_view kBlank = " \t";

std::string_view WithoutBlanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

std::string LineAt(std::string_view text, std::size_t position) {
  const std::string_view before = text.substr(0, position);
  return "line " +
         std::to_string(1 + std::count(before.begin(), before.end(), '\n'));
}

bool IsBefore(const ReferenceTarget& a, const ReferenceTarget& b) {
  return std::tie(a.name, a.one_time_code) < std::tie(b.name, b.one_time_code);
}

// As the agent reads a name that follows the rule, so that two spellings of one
// are one.
StatusOr<ReferenceTarget> TargetOf(std::string_view reference) {
  StatusOr<ReferenceTarget> target = ParseReference(reference);
  if (!target.ok()) return target;
  const StatusOr<CredentialName> name = CredentialName::Parse(target->name);
  if (!name.ok()) return name.status();
  target->name = name->text();
  return target;
}

}  // namespace

StatusOr<Template> Template::Parse(SecretBytes text) {
  Template parsed(std::move(text));
  const Status found = parsed.Find();
  if (!found.ok()) return found;
  return parsed;
}

Status Template::Find() {
  const std::string_view text = text_.Reveal();
  std::vector<ReferenceTarget> in_order;
  for (std::size_t at = text.find(kOpen); at != std::string_view::npos;
       at = text.find(kOpen, at)) {
    // Of "{{{" the last two braces open.
    if (text.substr(at + 1).starts_with(kOpen)) {
      ++at;
      continue;
    }
    const std::string_view line =
        text.substr(at + kOpen.size(), text.find('\n', at) - at - kOpen.size());
    if (!IsReference(WithoutBlanks(line))) {
      at += kOpen.size();
      continue;
    }
    const std::size_t length = line.find(kClose);
    if (length == std::string_view::npos) {
      return Invalid(LineAt(text, at) +
                     ": a reference that begins with \"{{\" ends with \"}}\" "
                     "on its line");
    }
    StatusOr<ReferenceTarget> target =
        TargetOf(WithoutBlanks(line.substr(0, length)));
    if (!target.ok()) return Annotate(target.status(), LineAt(text, at));
    const std::size_t end = at + kOpen.size() + length + kClose.size();
    places_.push_back({at, end, 0});
    in_order.push_back(*std::move(target));
    at = end;
  }
  targets_ = in_order;
  std::sort(targets_.begin(), targets_.end(), IsBefore);
  targets_.erase(std::unique(targets_.begin(), targets_.end()), targets_.end());
  for (std::size_t i = 0; i < places_.size(); ++i) {
    places_[i].target = static_cast<std::size_t>(
        std::lower_bound(targets_.begin(), targets_.end(), in_order[i],
                         IsBefore) -
        targets_.begin());
  }
  return OkStatus();
}

SecretBytes Template::Fill(const std::vector<SecretBytes>& values) const {
  const std::string_view text = text_.Reveal();
  std::size_t size = text.size();
  for (const Place& place : places_) {
    size += values[place.target].size();
    size -= place.end - place.begin;
  }
  SecretBytes filled(size);
  char* out = filled.RevealMutable();
  std::size_t at = 0;
  for (const Place& place : places_) {
    const std::string_view value = values[place.target].Reveal();
    out =
        std::copy(text.begin() + static_cast<std::ptrdiff_t>(at),
                  text.begin() + static_cast<std::ptrdiff_t>(place.begin), out);
    out = std::copy(value.begin(), value.end(), out);
    at = place.end;
  }
  std::copy(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), out);
  return filled;
}

}  // namespace libretto
