// The credentials in a `.env` file, and that file with references in the place
// of their values: LIBRETTO_CLOUD_* by the rules of `push` (contract 1.4), and
// whatever other variables are named.
//
// Not thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/credential_name.h"
#include "base/errors.h"
#include "base/secret.h"

namespace libretto {

class DotenvImport {
 public:
  struct Found {
    std::string variable;
    CredentialName name;
    SecretBytes value;
  };

  // `also` are variables without the prefix, each stored under its name in
  // lower case; NotFound() for one that the file does not have. Invalid() where
  // a value could get lost: a variable that has two, two variables for one
  // name, a quote that does not close on its line. Empty values and references
  // are passed over.
  static StatusOr<DotenvImport> Parse(SecretBytes text,
                                      const std::vector<std::string>& also);

  // In the order of the file.
  const std::vector<Found>& found() const { return found_; }

  // What was read.
  const SecretBytes& text() const { return text_; }

  // `text()` with "libretto://NAME" for each value and everything else as it
  // was.
  StatusOr<SecretBytes> WithReferences() const;

 private:
  explicit DotenvImport(SecretBytes text) : text_(std::move(text)) {}
  Status Find(const std::vector<std::string>& also);
  Status Add(std::string_view variable, std::string_view name,
             std::string_view value);
  const Found* Of(std::string_view variable) const;

  SecretBytes text_;
  std::vector<Found> found_;
};

}  // namespace libretto
