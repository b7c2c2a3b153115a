// Reads the members of a request's body against rules and collects what is
// wrong, in the words of the contract's validator (Zod 4). The two protocols
// show the same issues in two forms. Not thread-safe.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>

#include "base/json.h"
#include "cloud/http/http_message.h"

namespace libretto::cloud {

struct StringRule {
  enum class Format { kAny, kEmail, kSlug, kUuid };

  std::size_t min = 0;  // in UTF-16 units, as JavaScript counts
  std::size_t max = std::numeric_limits<std::size_t>::max();
  Format format = Format::kAny;
  // Only what is never stored as plain text may hold U+0000: PostgreSQL has no
  // room for it.
  bool may_hold_nul = false;
};

class Input {
 public:
  // `value` may be null: there was no body.
  explicit Input(const Json* value);

  std::string String(const char* name, const StringRule& rule = {});
  std::optional<std::string> OptionalString(const char* name,
                                            const StringRule& rule = {});
  // A string, or an array of strings, which are joined with commas.
  std::string StringOrStrings(const char* name);
  std::optional<double> OptionalNumber(const char* name, double min);
  std::optional<bool> OptionalBool(const char* name);

  // The member whatever it is; null when it is missing.
  const Json* Find(const char* name) const;

  // For a rule that only the route knows.
  void Complain(const char* name, const std::string& message);

  bool ok() const { return issues_.empty(); }

  // [{"expected":"string","code":"invalid_type","path":["name"],...}, ...]
  const JsonOut& issues() const { return issues_; }

  // "[body.name] Invalid input: ...; [body.email] ..."
  std::string Describe(const char* where) const;

 private:
  void Add(JsonOut issue, const char* name, const std::string& message);
  std::optional<std::string> Check(const Json* value, const char* name,
                                   const StringRule& rule);
  void CheckFormat(const std::string& text, const char* name,
                   StringRule::Format format);

  const Json* object_;  // null unless it is an object
  JsonOut issues_ = JsonOut::array();
};

}  // namespace libretto::cloud
