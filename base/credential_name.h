// CredentialName: a name that has been checked. Parse() is the rule for names
// that are stored: [a-z0-9_][a-z0-9_.-]{0,127} after trimming and lower-casing
// (as workflows fold their declarations, contract 1.5); `api_key` is reserved,
// because LIBRETTO_CLOUD_API_KEY never reaches a workflow. Verbatim() is for
// names that are in the cloud already and may break that rule.
//
// Immutable after construction.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/errors.h"

namespace libretto {

class CredentialName {
 public:
  static constexpr std::size_t kMaxBytes = 128;
  static constexpr std::size_t kMaxVerbatimBytes = 1024;
  static constexpr std::string_view kEnvPrefix = "LIBRETTO_CLOUD_";

  static StatusOr<CredentialName> Parse(std::string_view text);

  // Any name that a cloud may hold: not empty, at most kMaxVerbatimBytes.
  static StatusOr<CredentialName> Verbatim(std::string_view text);

  const std::string& text() const { return text_; }

  // Whether Parse() would give this very name.
  bool FollowsRule() const;

  // LIBRETTO_CLOUD_<UPPER CASE>; nothing when the name is not [a-z0-9_]+,
  // because shells and npm drop variables with other characters.
  std::optional<std::string> EnvVariable() const;

  auto operator<=>(const CredentialName&) const = default;

 private:
  explicit CredentialName(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

// Whether `text` is meant as a reference: it begins with "libretto://".
bool IsReference(std::string_view text);

// "libretto://NAME" or a bare NAME; returns what stands for NAME, unchecked.
std::string_view NameOfReference(std::string_view reference);

// `text` with control characters, C1 and Unicode's bidirectional marks
// escaped as \xNN and cut at `max_bytes`: safe on a terminal and in a log.
std::string Printable(std::string_view text, std::size_t max_bytes = 256);

}  // namespace libretto
