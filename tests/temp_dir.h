// TempDir: an empty directory with mode 0700 that is gone after the test.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "base/check.h"

namespace libretto::testing {

class TempDir {
 public:
  TempDir() {
    // Short: sockets are made in here, and sockaddr_un ends at 107 bytes.
    char pattern[] = "/tmp/libretto-XXXXXX";
    LIBRETTO_CHECK(mkdtemp(pattern) != nullptr);
    path_ = pattern;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

  // The path of `name` inside.
  std::string operator/(const std::string& name) const {
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

}  // namespace libretto::testing
