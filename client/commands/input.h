// Values that come from outside the command line: secrets above all, because
// every process of the machine can read arguments. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "base/secret.h"

namespace libretto {

// A credential's value is at most this long.
inline constexpr std::size_t kMaxValueBytes = std::size_t{64} << 10;

// Standard input to its end; without one trailing newline where it is a value.
StatusOr<SecretBytes> ReadStandardInputWhole(std::size_t max_bytes);
StatusOr<SecretBytes> ReadStandardInput(std::size_t max_bytes);

// The file, without one trailing newline.
StatusOr<SecretBytes> ReadValueFile(const std::string& path);

// Where a credential's value comes from: a prompt unless a flag says otherwise.
struct ValueSource {
  bool from_stdin = false;
  std::string file;

  bool given() const { return from_stdin || !file.empty(); }
};
StatusOr<SecretBytes> ReadValue(const ValueSource& source,
                                std::string_view prompt);

// `given` if the flag brought it, else a prompt's answer; a usage error naming
// `flag` when there is no terminal to ask.
StatusOr<std::string> FlagOrAsk(const std::string& given, std::string_view flag,
                                std::string_view prompt,
                                std::string_view otherwise = {});

// A password: standard input under --password-stdin, else a prompt.
StatusOr<SecretBytes> ReadPassword(bool from_stdin);

}  // namespace libretto
