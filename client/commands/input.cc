#include "client/commands/input.h"

#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "base/files.h"
#include "client/commands/terminal.h"

namespace libretto {
namespace {

SecretBytes WithoutNewline(SecretBytes bytes) {
  if (!bytes.Reveal().ends_with('\n')) return bytes;
  return SecretBytes::CopyOf(bytes.Reveal().substr(0, bytes.size() - 1));
}

Status CheckValue(const SecretBytes& value) {
  if (value.empty()) return Invalid("the value is empty");
  if (value.size() > kMaxValueBytes) {
    return Invalid("the value is longer than 64 KiB");
  }
  return OkStatus();
}

// Standard input to its end or to `limit`.
StatusOr<SecretBytes> ReadUpTo(std::size_t limit) {
  SecretBytes buffer(limit);
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t count = read(STDIN_FILENO, buffer.RevealMutable() + filled,
                               buffer.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return Invalid(Message(FromErrno(errno, "cannot read standard input")));
    }
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  return SecretBytes::CopyOf(buffer.Reveal().substr(0, filled));
}

Status TooLong(std::size_t max_bytes) {
  return Invalid("standard input is longer than " + std::to_string(max_bytes) +
                 " bytes");
}

}  // namespace

StatusOr<SecretBytes> ReadStandardInputWhole(std::size_t max_bytes) {
  StatusOr<SecretBytes> bytes = ReadUpTo(max_bytes + 1);
  if (bytes.ok() && bytes->size() > max_bytes) return TooLong(max_bytes);
  return bytes;
}

StatusOr<SecretBytes> ReadStandardInput(std::size_t max_bytes) {
  // One for the newline, one to notice what is too long.
  StatusOr<SecretBytes> bytes = ReadUpTo(max_bytes + 2);
  if (!bytes.ok()) return bytes;
  SecretBytes value = WithoutNewline(*std::move(bytes));
  if (value.size() > max_bytes) return TooLong(max_bytes);
  return value;
}

StatusOr<SecretBytes> ReadValueFile(const std::string& path) {
  StatusOr<SecretBytes> bytes = ReadFile(path, kMaxValueBytes + 1);
  if (!bytes.ok()) return bytes.status();
  return WithoutNewline(*std::move(bytes));
}

StatusOr<SecretBytes> ReadValue(const ValueSource& source,
                                std::string_view prompt) {
  StatusOr<SecretBytes> value;
  if (source.from_stdin) {
    value = ReadStandardInput(kMaxValueBytes);
  } else if (!source.file.empty()) {
    value = ReadValueFile(source.file);
  } else {
    std::optional<Terminal> terminal = Terminal::Open();
    if (!terminal.has_value()) {
      return Invalid(
          "--value-stdin or --value-file FILE is missing, and standard input "
          "is no terminal to ask");
    }
    value = terminal->AskSecret(prompt);
  }
  if (!value.ok()) return value.status();
  Status good = CheckValue(*value);
  if (!good.ok()) return good;
  return value;
}

StatusOr<std::string> FlagOrAsk(const std::string& given, std::string_view flag,
                                std::string_view prompt,
                                std::string_view otherwise) {
  if (!given.empty()) return given;
  std::optional<Terminal> terminal = Terminal::Open();
  if (!terminal.has_value()) {
    return Invalid(std::string(flag) +
                   " is missing, and standard input is no terminal to ask");
  }
  StatusOr<std::string> answer = terminal->Ask(prompt, otherwise);
  if (answer.ok() && answer->empty()) {
    return Invalid(std::string(prompt) + " must not be empty");
  }
  return answer;
}

StatusOr<SecretBytes> ReadPassword(bool from_stdin) {
  StatusOr<SecretBytes> password;
  if (from_stdin) {
    constexpr std::size_t kMaxPasswordBytes = 4096;
    password = ReadStandardInput(kMaxPasswordBytes);
  } else {
    std::optional<Terminal> terminal = Terminal::Open();
    if (!terminal.has_value()) {
      return Invalid(
          "--password-stdin is missing, and standard input is no terminal to "
          "ask");
    }
    password = terminal->AskSecret("Password");
  }
  if (password.ok() && password->empty()) {
    return Invalid("the password is empty");
  }
  return password;
}

}  // namespace libretto
