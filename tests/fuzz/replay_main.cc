// Feeds every file of a corpus to a harness, in builds without libFuzzer. Also
// every prefix and every single-byte change of it: cheap, and worth more than
// the files alone.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/input.h"

namespace {

constexpr std::size_t kMaxChangedBytes = 512;

void Feed(const std::string& bytes) {
  // A copy of the exact size, so that a read beyond it is noticed.
  const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void FeedWithChanges(std::string bytes) {
  Feed(bytes);
  if (bytes.size() > kMaxChangedBytes) return;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Feed(bytes.substr(0, i));
    const char before = bytes[i];
    for (const char change : {'\x01', '\x20', '\x80', '\xff'}) {
      bytes[i] = static_cast<char>(before ^ change);
      Feed(bytes);
    }
    bytes[i] = before;
  }
}

}  // namespace

int main(int argc, char** argv) {
  int files = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      FeedWithChanges({std::istreambuf_iterator<char>(file), {}});
      ++files;
    }
  }
  std::printf("%d files\n", files);
  return files > 0 ? 0 : 1;
}
