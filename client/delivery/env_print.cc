#include "client/delivery/env_print.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/credential_name.h"
#include "client/delivery/dotenv.h"
#include "client/delivery/environment.h"

namespace libretto {
namespace {

// Between single quotes a POSIX shell takes everything as it is.
void AppendPosixQuoted(std::string_view value, std::string& out) {
  out += '\'';
  for (const char c : value) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  out += '\'';
}

// Between fish's single quotes only these two have a meaning.
void AppendFishQuoted(std::string_view value, std::string& out) {
  out += '\'';
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  out += '\'';
}

bool ReadsBack(const std::string& line, const Setting& variable) {
  const std::vector<DotenvEntry> entries = ParseDotenv(line);
  return entries.size() == 1 && entries[0].key == variable.variable &&
         entries[0].value.Equals(variable.value);
}

// `.env` has no escapes, so the quotes are those that the value leaves free;
// single ones first, because other readers expand what is in double ones.
Status AppendDotenv(const Setting& variable, std::string& out) {
  for (const char* const quote : {"'", "\"", ""}) {
    std::string line = variable.variable + "=" + quote;
    line += variable.value.Reveal();
    line += quote;
    const bool reads_back = ReadsBack(line, variable);
    if (reads_back) out += line;
    WipeString(line);
    if (reads_back) {
      out += '\n';
      return OkStatus();
    }
  }
  return Invalid(Printable(variable.variable) +
                 ": a .env file cannot hold this value: it has several lines, "
                 "or both kinds of quotes");
}

Status Append(EnvFormat format, const Setting& variable, std::string& out) {
  if (!IsVariableName(variable.variable)) {
    return Invalid(Printable(variable.variable) + " is no name of a variable");
  }
  const std::string_view value = variable.value.Reveal();
  if (value.find('\0') != std::string_view::npos) {
    return Invalid(Printable(variable.variable) +
                   ": no environment can hold a NUL");
  }
  if (format == EnvFormat::kDotenv) return AppendDotenv(variable, out);
  if (format == EnvFormat::kFish) {
    out += "set -gx " + variable.variable + " ";
    AppendFishQuoted(value, out);
  } else {
    out += "export " + variable.variable + "=";
    AppendPosixQuoted(value, out);
  }
  out += '\n';
  return OkStatus();
}

}  // namespace

std::optional<EnvFormat> EnvFormatNamed(std::string_view word) {
  if (word == "bash") return EnvFormat::kBash;
  if (word == "fish") return EnvFormat::kFish;
  if (word == "json") return EnvFormat::kJson;
  if (word == "dotenv") return EnvFormat::kDotenv;
  if (word == "direnv") return EnvFormat::kDirenv;
  return std::nullopt;
}

bool IsForHook(EnvFormat format) {
  return format == EnvFormat::kBash || format == EnvFormat::kFish ||
         format == EnvFormat::kDirenv;
}

StatusOr<SecretBytes> PrintEnv(EnvFormat format,
                               const std::vector<Setting>& variables) {
  LIBRETTO_CHECK(format != EnvFormat::kJson);
  std::string text;
  Status status = OkStatus();
  for (const Setting& variable : variables) {
    status = Append(format, variable, text);
    if (!status.ok()) break;
  }
  SecretBytes printed = SecretBytes::Take(std::move(text));
  if (!status.ok()) return status;
  return printed;
}

}  // namespace libretto
