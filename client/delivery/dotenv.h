// `.env`, read exactly as the public `libretto` command reads it (contract
// 1.4): a difference from its rules is a bug. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "base/secret.h"

namespace libretto {

struct DotenvEntry {
  std::string key;
  SecretBytes value;
};

// The entries in their order. The first of two equal keys wins; lines that are
// no entry are passed over.
std::vector<DotenvEntry> ParseDotenv(std::string_view text);

// One entry as it stands in its text; the views are of that text.
struct DotenvLine {
  std::string_view key;
  std::string_view value;
  // What a new value takes the place of: the old one with its quotes, and what
  // follows them but a comment.
  std::string_view written;
  bool closed = true;  // false: a quote opens and does not close on this line
};

// Every entry, those of equal keys included.
std::vector<DotenvLine> ScanDotenv(std::string_view text);

// Where a project's `.env` is looked for by somebody who works in `directory`:
// the top of the git work tree, else `directory` itself.
std::string ProjectRoot(const std::string& directory);

// `.env` in `root`; where `root` is a linked work tree without one, the main
// work tree's. Nothing when there is none.
std::optional<std::string> DotenvOf(const std::string& root);

// `text` without JavaScript's white space at both ends.
std::string_view TrimLikeJavaScript(std::string_view text);

}  // namespace libretto
