#include "agent/remote/credential_list.h"

#include <string>
#include <utility>

#include "base/json.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxDepth = 32;
// What one credential may have besides what is read.
constexpr std::size_t kMaxValues = kMaxListed * 16;

// Where in the answer the next value stands.
//
//   {"json": {"credentials": [{"credential_id": ...
//   ^1       ^2              ^3
// or without the outermost braces, one level less.
class ListReader final : public nlohmann::json_sax<Json> {
 public:
  bool found() const { return list_ended_; }
  const char* complaint() const { return complaint_; }
  std::vector<CredentialInfo> Take() { return std::move(list_); }

  bool null() override { return Value(); }
  bool boolean(bool) override { return Value(); }
  bool number_integer(number_integer_t) override { return Value(); }
  bool number_unsigned(number_unsigned_t) override { return Value(); }
  bool number_float(number_float_t, const string_t&) override {
    return Value();
  }
  bool binary(binary_t&) override { return Value(); }

  bool string(string_t& text) override {
    std::string* const member = Member();
    if (member != nullptr) {
      if (!member->empty()) return Refuse("has a key twice");
      *member = std::move(text);
    }
    return Value();
  }

  bool key(string_t& name) override {
    key_ = std::move(name);
    return true;
  }

  bool start_object(std::size_t) override {
    if (InList() && depth_ == list_depth_) {
      if (list_.size() == kMaxListed) return Refuse("has too many credentials");
      list_.emplace_back();
    }
    const bool enveloped = depth_ == 1 && key_ == "json";
    if (!Count() || !Deeper()) return false;
    if (depth_ == 1 || enveloped) list_place_ = depth_;
    return true;
  }
  bool end_object() override {
    if (InList() && depth_ == list_depth_ + 1) {
      const CredentialInfo& info = list_.back();
      if (info.id.empty() || info.name.empty()) {
        return Refuse("has a credential without an id or a name");
      }
    }
    if (depth_ == list_place_) list_place_ = depth_ - 1;
    --depth_;
    key_.clear();
    return true;
  }
  bool start_array(std::size_t) override {
    const bool here =
        depth_ == list_place_ && key_ == "credentials" && !list_ended_;
    if (!Value() || !Deeper()) return false;
    if (here) list_depth_ = depth_;
    return true;
  }
  bool end_array() override {
    if (InList() && depth_ == list_depth_) {
      list_depth_ = 0;
      list_ended_ = true;
    }
    --depth_;
    key_.clear();
    return true;
  }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception&) override {
    return Refuse("is not well-formed");
  }

 private:
  bool InList() const { return list_depth_ != 0; }

  // What the string that comes is for; nothing when it is of no interest.
  std::string* Member() {
    if (!InList() || depth_ != list_depth_ + 1) return nullptr;
    CredentialInfo& info = list_.back();
    if (key_ == "credential_id") return &info.id;
    if (key_ == "name") return &info.name;
    if (key_ == "created_at") return &info.created_at;
    if (key_ == "updated_at") return &info.updated_at;
    return nullptr;
  }

  // One that is no object.
  bool Value() {
    if (InList() && depth_ == list_depth_) {
      return Refuse("has something else than credentials");
    }
    return Count();
  }
  bool Count() {
    if (++values_ > kMaxValues) return Refuse("has too many values");
    return true;
  }
  bool Deeper() {
    if (++depth_ > kMaxDepth) return Refuse("is nested too deeply");
    return true;
  }
  bool Refuse(const char* why) {
    complaint_ = why;
    return false;
  }

  std::vector<CredentialInfo> list_;
  std::string key_;
  std::size_t depth_ = 0;
  std::size_t list_place_ = 0;  // depth of the object that has "credentials"
  std::size_t list_depth_ = 0;  // depth inside the list; 0: not there
  std::size_t values_ = 0;
  bool list_ended_ = false;
  const char* complaint_ = "is not well-formed";
};

}  // namespace

StatusOr<std::vector<CredentialInfo>> ParseCredentialList(
    std::string_view text) {
  if (text.size() > kMaxListBytes) return Invalid("the list is too large");
  ListReader reader;
  if (!Json::sax_parse(text, &reader)) {
    return Invalid(std::string("the list ") + reader.complaint());
  }
  if (!reader.found()) return Invalid("there is no list of credentials");
  return reader.Take();
}

}  // namespace libretto
