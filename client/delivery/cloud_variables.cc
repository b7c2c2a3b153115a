#include "client/delivery/cloud_variables.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/credential_name.h"
#include "base/files.h"
#include "client/delivery/dotenv.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxDotenvBytes = std::size_t{1} << 20;
constexpr std::string_view kNeverPushed = "api_key";

std::optional<std::string_view> Lookup(const char* const* environment,
                                       std::string_view key) {
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry(*environment);
    if (entry.size() > key.size() && entry.starts_with(key) &&
        entry[key.size()] == '=') {
      return entry.substr(key.size() + 1);
    }
  }
  return std::nullopt;
}

std::string LowerCased(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Keeps the variable if it is a credential; the later one of a name wins.
void Collect(std::string_view key, std::string_view value,
             std::vector<CloudVariable>& variables) {
  if (!key.starts_with(CredentialName::kEnvPrefix)) return;
  const std::string name =
      LowerCased(key.substr(CredentialName::kEnvPrefix.size()));
  if (name.empty() || name == kNeverPushed) return;
  if (TrimLikeJavaScript(value).empty()) return;
  // It stands for a value that is stored already (`librettoctl import`).
  if (IsReference(value)) return;
  std::erase_if(variables,
                [&name](const CloudVariable& v) { return v.name == name; });
  variables.push_back({name, SecretBytes::CopyOf(value)});
}

Status CollectFromDotenv(const char* const* environment,
                         const std::string& directory,
                         std::vector<CloudVariable>& variables) {
  const std::string_view root_override = TrimLikeJavaScript(
      Lookup(environment, "LIBRETTO_REPO_ROOT").value_or(""));
  const std::optional<std::string> file =
      DotenvOf(root_override.empty() ? ProjectRoot(directory)
                                     : std::string(root_override));
  if (!file.has_value()) return OkStatus();
  const StatusOr<SecretBytes> text = ReadFile(*file, kMaxDotenvBytes);
  if (!text.ok()) return text.status();
  for (const DotenvEntry& entry : ParseDotenv(text->Reveal())) {
    if (Lookup(environment, entry.key).has_value()) continue;
    Collect(entry.key, entry.value.Reveal(), variables);
  }
  return OkStatus();
}

// The place of a character among the others; bytes that are no printable ASCII
// keep their order behind them.
std::size_t Rank(char c) {
  static constexpr std::string_view kOrder =
      " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789"
      "abcdefghijklmnopqrstuvwxyz";
  const std::size_t place = kOrder.find(c);
  return place == std::string_view::npos
             ? kOrder.size() + static_cast<unsigned char>(c)
             : place;
}

}  // namespace

bool LocaleLess(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(
      a.begin(), a.end(), b.begin(), b.end(),
      [](char x, char y) { return Rank(x) < Rank(y); });
}

StatusOr<std::vector<CloudVariable>> FindCloudVariables(
    const char* const* environment, const std::string& directory) {
  std::vector<CloudVariable> variables;
  for (const char* const* at = environment; *at != nullptr; ++at) {
    const std::string_view entry(*at);
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    Collect(entry.substr(0, equals), entry.substr(equals + 1), variables);
  }
  const std::string_view disabled = TrimLikeJavaScript(
      Lookup(environment, "LIBRETTO_DISABLE_DOTENV").value_or(""));
  if (disabled != "1") {
    Status status = CollectFromDotenv(environment, directory, variables);
    if (!status.ok()) return status;
  }
  std::sort(variables.begin(), variables.end(),
            [](const CloudVariable& a, const CloudVariable& b) {
              return LocaleLess(a.name, b.name);
            });
  return variables;
}

}  // namespace libretto
