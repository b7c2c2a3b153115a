#include "client/delivery/dotenv.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/files.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxGitFileBytes = 4096;

// Length of the white space character at the start of `text` as JavaScript's
// trim() and \s know it, a byte order mark among them; zero if there is none.
std::size_t SpacePrefix(std::string_view text) {
  if (text.empty()) return 0;
  const char first = text.front();
  if (first == ' ' || (first >= '\t' && first <= '\r')) return 1;
  if (text.starts_with("\xc2\xa0")) return 2;
  static constexpr std::string_view kThreeBytes[] = {
      "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
      "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
      "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a",
      "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
      "\xe3\x80\x80", "\xef\xbb\xbf"};
  for (const std::string_view space : kThreeBytes) {
    if (text.starts_with(space)) return space.size();
  }
  return 0;
}

std::size_t SpaceSuffix(std::string_view text) {
  for (std::size_t size = 1; size <= std::min<std::size_t>(3, text.size());
       ++size) {
    if (SpacePrefix(text.substr(text.size() - size)) == size) return size;
  }
  return 0;
}

// A comment begins at the first white space that a '#' follows.
std::string_view WithoutComment(std::string_view value) {
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::size_t space = SpacePrefix(value.substr(i));
    if (space > 0 && value.substr(i + space).starts_with('#')) {
      return value.substr(0, i);
    }
  }
  return value;
}

DotenvLine LineOf(std::string_view key, std::string_view text) {
  const std::string_view whole = TrimLikeJavaScript(text);
  if (!whole.starts_with('"') && !whole.starts_with('\'')) {
    const std::string_view value = TrimLikeJavaScript(WithoutComment(whole));
    return {key, value, value, /*closed=*/true};
  }
  const std::size_t end = whole.find(whole.front(), 1);
  if (end == std::string_view::npos) {
    return {key, whole.substr(1), whole, /*closed=*/false};
  }
  const std::string_view rest = whole.substr(end + 1);
  const bool is_comment =
      SpacePrefix(rest) > 0 && TrimLikeJavaScript(rest).starts_with('#');
  return {key, whole.substr(1, end - 1),
          is_comment ? whole.substr(0, end + 1) : whole, /*closed=*/true};
}

bool Exists(const std::string& path) {
  struct stat about {};
  return stat(path.c_str(), &about) == 0;
}

// In a linked work tree `.git` is a file that says
// "gitdir: <main work tree>/.git/worktrees/<name>".
std::optional<std::string> MainWorkTree(const std::string& root) {
  const StatusOr<SecretBytes> link = ReadFile(root + "/.git", kMaxGitFileBytes);
  if (!link.ok()) return std::nullopt;
  static constexpr std::string_view kKey = "gitdir:";
  std::string_view text = TrimLikeJavaScript(link->Reveal());
  if (!text.starts_with(kKey)) return std::nullopt;
  text = TrimLikeJavaScript(text.substr(kKey.size()));
  const std::size_t end = text.rfind("/.git/worktrees/");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string main(text.substr(0, end));
  return main.starts_with('/') ? main : root + "/" + main;
}

}  // namespace

std::string_view TrimLikeJavaScript(std::string_view text) {
  while (const std::size_t size = SpacePrefix(text)) text.remove_prefix(size);
  while (const std::size_t size = SpaceSuffix(text)) text.remove_suffix(size);
  return text;
}

std::vector<DotenvLine> ScanDotenv(std::string_view text) {
  std::vector<DotenvLine> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = TrimLikeJavaScript(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    static constexpr std::string_view kExport = "export ";
    if (line.starts_with(kExport)) line.remove_prefix(kExport.size());
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = TrimLikeJavaScript(line.substr(0, equals));
    if (!key.empty()) lines.push_back(LineOf(key, line.substr(equals + 1)));
  }
  return lines;
}

std::vector<DotenvEntry> ParseDotenv(std::string_view text) {
  std::vector<DotenvEntry> entries;
  for (const DotenvLine& line : ScanDotenv(text)) {
    const bool known = std::any_of(
        entries.begin(), entries.end(),
        [&line](const DotenvEntry& e) { return e.key == line.key; });
    if (known) continue;
    entries.push_back({std::string(line.key), SecretBytes::CopyOf(line.value)});
  }
  return entries;
}

std::string ProjectRoot(const std::string& directory) {
  std::string top = directory;
  while (!Exists(top + "/.git")) {
    if (top.size() <= 1) return directory;
    top = ParentOf(top);
  }
  return top;
}

std::optional<std::string> DotenvOf(const std::string& root) {
  const std::string file = root + "/.env";
  if (Exists(file)) return file;
  const std::optional<std::string> main = MainWorkTree(root);
  if (main.has_value() && Exists(*main + "/.env")) return *main + "/.env";
  return std::nullopt;
}

}  // namespace libretto
