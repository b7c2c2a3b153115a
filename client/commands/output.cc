#include "client/commands/output.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/credential_name.h"
#include "base/files.h"

namespace libretto {
namespace {

// Room for a message with paths in it.
constexpr std::size_t kMaxMessageBytes = 4096;

// Zero, or the errno.
int WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

}  // namespace

Status WriteOut(std::string_view text) {
  const int error = WriteAll(STDOUT_FILENO, text);
  if (error == 0) return OkStatus();
  // Whatever the errno: this is neither "not found" nor "denied".
  return Internal(Message(FromErrno(error, "cannot write standard output")));
}

Status WritePrivateFile(const std::string& path, std::string_view text) {
  struct stat about {};
  if (lstat(path.c_str(), &about) == 0 && !S_ISREG(about.st_mode)) {
    return Invalid("cannot write " + Printable(path, kMaxMessageBytes) +
                   ": it is there and no ordinary file");
  }
  return WriteFileAtomically(path, text, 0600);
}

void WriteErr(std::string_view text) { (void)WriteAll(STDERR_FILENO, text); }

void Note(std::string_view line) { WriteErr(std::string(line) + "\n"); }

void PrintError(const Status& status) {
  std::string text = Bold("librettoctl:", STDERR_FILENO) + " " +
                     Printable(Message(status), kMaxMessageBytes) + "\n";
  const std::string remedy = Remedy(status);
  if (!remedy.empty()) {
    text += "  try: " + Printable(remedy, kMaxMessageBytes) + "\n";
  }
  WriteErr(text);
}

bool MayColour(int fd) {
  const char* no_color = getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* terminal = getenv("TERM");
  if (terminal != nullptr && std::string_view(terminal) == "dumb") return false;
  return isatty(fd) == 1;
}

std::string Bold(std::string_view text, int fd) {
  if (!MayColour(fd)) return std::string(text);
  return "\x1b[1m" + std::string(text) + "\x1b[0m";
}

}  // namespace libretto
