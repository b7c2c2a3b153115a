// JSON for standard output: objects whose members keep the order in which they
// were added, and arrays of them. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace libretto {

class JsonObject {
 public:
  JsonObject& Text(std::string_view key, std::string_view value);
  // null when the text is empty: for what may be unknown.
  JsonObject& TextOrNull(std::string_view key, std::string_view value);
  JsonObject& Number(std::string_view key, std::int64_t value);
  JsonObject& Flag(std::string_view key, bool value);
  // `json` is JSON already.
  JsonObject& Raw(std::string_view key, std::string_view json);

  std::string str() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

std::string JsonArray(const std::vector<JsonObject>& objects);
std::string JsonArray(const std::vector<std::string>& texts);

// Quoted and escaped; bytes that are no UTF-8 become U+FFFD.
std::string JsonText(std::string_view text);

// Whether JsonText() keeps every byte.
bool IsUtf8(std::string_view text);

}  // namespace libretto
