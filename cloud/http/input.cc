#include "cloud/http/input.h"

#include "cloud/core/email_address.h"
#include "cloud/core/text.h"

namespace libretto::cloud {
namespace {

constexpr char kEmailPattern[] =
    R"(/^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$/)";
constexpr char kSlugPattern[] = R"(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/)";
constexpr char kUuidPattern[] =
    R"(/^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$/)";

// JavaScript's word for what it is; null for a member that is missing.
const char* TypeOf(const Json* value) {
  if (value == nullptr) return "undefined";
  switch (value->type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::boolean:
      return "boolean";
    case Json::value_t::string:
      return "string";
    case Json::value_t::array:
      return "array";
    case Json::value_t::object:
      return "object";
    default:
      return "number";
  }
}

bool IsHex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
         (c >= 'A' && c <= 'F');
}

bool IsUuid(const std::string& text) {
  constexpr std::string_view kNil = "00000000-0000-0000-0000-000000000000";
  constexpr std::string_view kMax = "ffffffff-ffff-ffff-ffff-ffffffffffff";
  if (text == kNil || text == kMax) return true;
  if (text.size() != kNil.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kNil[i] == '-' ? text[i] != '-' : !IsHex(text[i])) return false;
  }
  const bool has_version = text[14] >= '1' && text[14] <= '8';
  return has_version &&
         std::string_view("89abAB").find(text[19]) != std::string_view::npos;
}

}  // namespace

Input::Input(const Json* value)
    : object_(value != nullptr && value->is_object() ? value : nullptr) {
  if (object_ != nullptr) return;
  Add({{"expected", "object"}, {"code", "invalid_type"}}, nullptr,
      std::string("Invalid input: expected object, received ") + TypeOf(value));
}

const Json* Input::Find(const char* name) const {
  if (object_ == nullptr) return nullptr;
  const auto member = object_->find(name);
  return member == object_->end() ? nullptr : &*member;
}

std::string Input::String(const char* name, const StringRule& rule) {
  if (object_ == nullptr) return {};
  return Check(Find(name), name, rule).value_or("");
}

std::optional<std::string> Input::OptionalString(const char* name,
                                                 const StringRule& rule) {
  const Json* value = Find(name);
  if (value == nullptr) return std::nullopt;
  return Check(value, name, rule);
}

std::string Input::StringOrStrings(const char* name) {
  if (object_ == nullptr) return {};
  const Json* value = Find(name);
  const auto complain = [&] {
    Add({{"code", "invalid_union"}, {"errors", JsonOut::array()}}, name,
        "Invalid input");
    return std::string();
  };
  if (value == nullptr) return complain();
  if (value->is_string()) return value->get<std::string>();
  if (!value->is_array()) return complain();
  std::string joined;
  for (const Json& each : *value) {
    if (!each.is_string()) return complain();
    if (&each != &value->front()) joined += ',';
    joined += each.get_ref<const std::string&>();
  }
  return joined;
}

std::optional<double> Input::OptionalNumber(const char* name, double min) {
  const Json* value = Find(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_number()) {
    Add({{"expected", "number"}, {"code", "invalid_type"}}, name,
        std::string("Invalid input: expected number, received ") +
            TypeOf(value));
    return std::nullopt;
  }
  const auto number = value->get<double>();
  if (!(number >= min)) {
    Add({{"origin", "number"},
         {"code", "too_small"},
         {"minimum", min},
         {"inclusive", true}},
        name,
        "Too small: expected number to be >=" +
            std::to_string(static_cast<long>(min)));
    return std::nullopt;
  }
  return number;
}

std::optional<bool> Input::OptionalBool(const char* name) {
  const Json* value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) {
    Add({{"expected", "boolean"}, {"code", "invalid_type"}}, name,
        std::string("Invalid input: expected boolean, received ") +
            TypeOf(value));
    return std::nullopt;
  }
  return value->get<bool>();
}

void Input::Complain(const char* name, const std::string& message) {
  Add({{"code", "custom"}}, name, message);
}

std::optional<std::string> Input::Check(const Json* value, const char* name,
                                        const StringRule& rule) {
  if (value == nullptr || !value->is_string()) {
    Add({{"expected", "string"}, {"code", "invalid_type"}}, name,
        std::string("Invalid input: expected string, received ") +
            TypeOf(value));
    return std::nullopt;
  }
  const auto& text = value->get_ref<const std::string&>();
  const std::size_t length = Utf16Length(text);
  if (length < rule.min) {
    Add({{"origin", "string"},
         {"code", "too_small"},
         {"minimum", rule.min},
         {"inclusive", true}},
        name,
        "Too small: expected string to have >=" + std::to_string(rule.min) +
            " characters");
  }
  if (length > rule.max) {
    Add({{"origin", "string"},
         {"code", "too_big"},
         {"maximum", rule.max},
         {"inclusive", true}},
        name,
        "Too big: expected string to have <=" + std::to_string(rule.max) +
            " characters");
  }
  if (!rule.may_hold_nul && text.find('\0') != std::string::npos) {
    Complain(name, "Invalid string: must not hold U+0000");
  }
  CheckFormat(text, name, rule.format);
  return text;
}

void Input::CheckFormat(const std::string& text, const char* name,
                        StringRule::Format format) {
  const auto complain = [&](const char* kind, const char* pattern,
                            const std::string& message) {
    Add({{"origin", "string"},
         {"code", "invalid_format"},
         {"format", kind},
         {"pattern", pattern}},
        name, message);
  };
  switch (format) {
    case StringRule::Format::kAny:
      return;
    case StringRule::Format::kEmail:
      if (!IsEmailAddress(text)) {
        complain("email", kEmailPattern, "Invalid email address");
      }
      return;
    case StringRule::Format::kSlug:
      if (!IsSlug(text)) {
        complain(
            "regex", kSlugPattern,
            std::string("Invalid string: must match pattern ") + kSlugPattern);
      }
      return;
    case StringRule::Format::kUuid:
      if (!IsUuid(text)) complain("uuid", kUuidPattern, "Invalid UUID");
      return;
  }
}

void Input::Add(JsonOut issue, const char* name, const std::string& message) {
  issue["path"] = JsonOut::array();
  if (name != nullptr) issue["path"].push_back(name);
  issue["message"] = message;
  issues_.push_back(std::move(issue));
}

std::string Input::Describe(const char* where) const {
  std::string text;
  for (const JsonOut& issue : issues_) {
    if (!text.empty()) text += "; ";
    text += '[';
    text += where;
    for (const JsonOut& step : issue["path"]) {
      text += "." + step.get<std::string>();
    }
    text += "] " + issue["message"].get<std::string>();
  }
  return text;
}

}  // namespace libretto::cloud
