#include "client/delivery/dotenv_import.h"

#include <algorithm>
#include <utility>

#include "client/delivery/dotenv.h"

namespace libretto {
namespace {

constexpr std::string_view kScheme = "libretto://";
constexpr std::string_view kNeverStored = "LIBRETTO_CLOUD_API_KEY";

bool IsNamed(const std::vector<std::string>& variables, std::string_view key) {
  return std::find(variables.begin(), variables.end(), key) != variables.end();
}

// The text that is to be the credential's name; empty for what is no
// credential.
std::string_view NameIn(std::string_view key,
                        const std::vector<std::string>& also) {
  if (IsNamed(also, key)) return key;
  if (!key.starts_with(CredentialName::kEnvPrefix)) return {};
  if (key == kNeverStored) return {};
  return key.substr(CredentialName::kEnvPrefix.size());
}

}  // namespace

StatusOr<DotenvImport> DotenvImport::Parse(
    SecretBytes text, const std::vector<std::string>& also) {
  DotenvImport parsed(std::move(text));
  const Status found = parsed.Find(also);
  if (!found.ok()) return found;
  return parsed;
}

Status DotenvImport::Find(const std::vector<std::string>& also) {
  const std::vector<DotenvLine> lines = ScanDotenv(text_.Reveal());
  for (const std::string& variable : also) {
    if (std::none_of(lines.begin(), lines.end(), [&](const DotenvLine& line) {
          return line.key == variable;
        })) {
      return NotFound("there is no variable " + Printable(variable));
    }
  }
  for (const DotenvLine& line : lines) {
    const std::string_view name = NameIn(line.key, also);
    if (name.empty()) continue;
    const auto first = std::find_if(
        lines.begin(), lines.end(),
        [&line](const DotenvLine& l) { return l.key == line.key; });
    if (first->value != line.value) {
      return Invalid("there are two values for " + Printable(line.key) +
                     "; take out the one that is not meant");
    }
    if (!line.closed) {
      return Invalid(Printable(line.key) +
                     ": its quote does not close on its line, and a value in a "
                     ".env file has one line; take it out, and store it with "
                     "librettoctl cloud credentials create --value-file");
    }
    if (TrimLikeJavaScript(line.value).empty()) continue;
    if (IsReference(line.value)) continue;
    Status added = Add(line.key, name, line.value);
    if (!added.ok()) return added;
  }
  return OkStatus();
}

Status DotenvImport::Add(std::string_view variable, std::string_view name,
                         std::string_view value) {
  StatusOr<CredentialName> parsed = CredentialName::Parse(name);
  if (!parsed.ok()) return Annotate(parsed.status(), Printable(variable));
  const auto same = std::find_if(
      found_.begin(), found_.end(),
      [&parsed](const Found& found) { return found.name == *parsed; });
  if (same == found_.end()) {
    found_.push_back({std::string(variable), *std::move(parsed),
                      SecretBytes::CopyOf(value)});
    return OkStatus();
  }
  if (same->variable == variable) return OkStatus();
  return Invalid(same->variable + " and " + Printable(variable) +
                 " would be one credential, " + parsed->text());
}

const DotenvImport::Found* DotenvImport::Of(std::string_view variable) const {
  const auto found = std::find_if(
      found_.begin(), found_.end(),
      [variable](const Found& f) { return f.variable == variable; });
  return found == found_.end() ? nullptr : &*found;
}

StatusOr<SecretBytes> DotenvImport::WithReferences() const {
  const std::string_view text = text_.Reveal();
  std::string replaced;
  const char* at = text.data();
  for (const DotenvLine& line : ScanDotenv(text)) {
    const Found* const found = Of(line.key);
    if (found == nullptr || line.value != found->value.Reveal()) continue;
    replaced.append(at, line.written.data());
    replaced += kScheme;
    replaced += found->name.text();
    at = line.written.data() + line.written.size();
  }
  replaced.append(at, text.data() + text.size());

  // Read by its reader, nothing but the values may have changed.
  const std::vector<DotenvEntry> before = ParseDotenv(text);
  const std::vector<DotenvEntry> after = ParseDotenv(replaced);
  const bool good = std::equal(
      before.begin(), before.end(), after.begin(), after.end(),
      [this](const DotenvEntry& was, const DotenvEntry& is) {
        const Found* const found = Of(was.key);
        return was.key == is.key &&
               (found == nullptr
                    ? was.value.Equals(is.value)
                    : NameOfReference(is.value.Reveal()) == found->name.text());
      });
  SecretBytes result = SecretBytes::Take(std::move(replaced));
  if (!good) return Internal("the file with references does not read as meant");
  return result;
}

}  // namespace libretto
