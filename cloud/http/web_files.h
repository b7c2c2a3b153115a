// The files of cloud/web, as the build has compiled them in. Immutable.
#pragma once

#include <span>
#include <string_view>

namespace libretto::cloud {

struct WebFile {
  std::string_view name;  // without a folder
  std::string_view content;
};

std::span<const WebFile> WebFiles();

}  // namespace libretto::cloud
