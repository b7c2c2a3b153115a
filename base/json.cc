#include "base/json.h"

#include <set>
#include <vector>

namespace libretto {
namespace {

// Walks the text without building anything and stops at the first excess.
class BoundsChecker final : public nlohmann::json_sax<Json> {
 public:
  explicit BoundsChecker(const JsonLimits& limits) : limits_(limits) {}

  const char* complaint() const { return complaint_; }

  bool null() override { return CountNode(); }
  bool boolean(bool) override { return CountNode(); }
  bool number_integer(number_integer_t) override { return CountNode(); }
  bool number_unsigned(number_unsigned_t) override { return CountNode(); }
  bool number_float(number_float_t, const string_t&) override {
    return CountNode();
  }
  bool string(string_t&) override { return CountNode(); }
  bool binary(binary_t&) override { return CountNode(); }
  bool start_object(std::size_t) override {
    keys_.emplace_back();
    return Enter();
  }
  bool end_object() override {
    keys_.pop_back();
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override { return Enter(); }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool key(string_t& name) override {
    if (!keys_.back().insert(name).second) return Refuse("has a key twice");
    return true;
  }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception&) override {
    return Refuse("is not well-formed");
  }

 private:
  bool Enter() {
    if (++depth_ > limits_.max_depth) return Refuse("is nested too deeply");
    return CountNode();
  }
  bool CountNode() {
    if (++nodes_ > limits_.max_nodes) return Refuse("has too many values");
    return true;
  }
  bool Refuse(const char* why) {
    complaint_ = why;
    return false;
  }

  const JsonLimits limits_;
  std::size_t depth_ = 0;
  std::size_t nodes_ = 0;
  std::vector<std::set<std::string>> keys_;
  const char* complaint_ = "is not well-formed";
};

}  // namespace

StatusOr<Json> ParseJson(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) return Invalid("the JSON is too large");
  BoundsChecker checker(limits);
  if (!Json::sax_parse(text, &checker)) {
    return Invalid(std::string("the JSON ") + checker.complaint());
  }
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

std::optional<std::string> StringAt(const Json& object, const char* key) {
  if (!object.is_object()) return std::nullopt;
  const auto member = object.find(key);
  if (member == object.end() || !member->is_string()) return std::nullopt;
  return member->get<std::string>();
}

std::optional<bool> BoolAt(const Json& object, const char* key) {
  if (!object.is_object()) return std::nullopt;
  const auto member = object.find(key);
  if (member == object.end() || !member->is_boolean()) return std::nullopt;
  return member->get<bool>();
}

}  // namespace libretto
