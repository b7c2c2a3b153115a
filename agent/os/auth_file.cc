#include "agent/os/auth_file.h"

#include <algorithm>
#include <utility>

#include "base/files.h"
#include "base/json.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 10;

// What goes into a header must not end it.
bool IsHeaderText(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= 0x20 && c < 0x7f; });
}

std::string WithoutTrailingSlashes(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

StatusOr<std::optional<Account>> ParseAuthFile(std::string_view text) {
  const auto json = ParseJson(text);
  if (!json.ok()) return Corrupt(Message(json.status()));
  auto api_url = StringAt(*json, "apiUrl");
  // Without the URL it belongs to, a session counts as absent.
  if (!api_url.has_value() || !json->contains("session") ||
      (*json)["session"].is_null()) {
    return std::optional<Account>();
  }
  const Json& session = (*json)["session"];
  auto cookie = StringAt(session, "cookie");
  if (!cookie.has_value() || cookie->empty() || !IsHeaderText(*cookie) ||
      !IsHeaderText(*api_url)) {
    return Corrupt("the session in it has no usable cookie");
  }
  return std::optional<Account>(
      Account{{WithoutTrailingSlashes(*std::move(api_url)),
               SecretBytes::Take(*std::move(cookie))},
              StringAt(session, "userId").value_or(""),
              StringAt(session, "email").value_or(""),
              StringAt(session, "expiresAt").value_or("")});
}

SecretBytes AuthFileText(const Account& account) {
  Json session{{"cookie", std::string(account.cookie.text.Reveal())},
               {"userId", account.user_id},
               {"email", account.email},
               {"expiresAt", nullptr}};
  if (!account.expires_at.empty()) session["expiresAt"] = account.expires_at;
  const Json file{{"apiUrl", account.cookie.api_url},
                  {"session", std::move(session)}};
  return SecretBytes::Take(file.dump(2, ' ', /*ensure_ascii=*/false,
                                     Json::error_handler_t::replace));
}

StatusOr<std::optional<Account>> AuthFile::Load() {
  const StatusOr<SecretBytes> text = ReadFile(path_, kMaxBytes);
  if (text.status().code() == StatusCode::kNotFound) {
    return std::optional<Account>();
  }
  if (!text.ok()) return text.status();
  StatusOr<std::optional<Account>> account = ParseAuthFile(text->Reveal());
  if (account.ok()) return account;
  return WithRemedy(Annotate(account.status(), path_ + " cannot be understood"),
                    "mv " + path_ + " " + path_ + ".broken");
}

Status AuthFile::Save(const Account& account) {
  const SecretBytes text = AuthFileText(account);
  const std::string directory = ParentOf(path_);
  if (Status made = EnsurePrivateDirectory(directory); !made.ok()) return made;
  return WriteFileAtomically(path_, text.Reveal(), 0600);
}

Status AuthFile::Clear() { return RemoveFile(path_); }

}  // namespace libretto
