# Writes OUT, a .cc that holds the files of the list FILES:
#   cmake -DOUT=web_files.cc "-DFILES=a.html;b.css" -P embed.cmake
set(entries "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  file(READ ${file} bytes HEX)
  string(LENGTH "${bytes}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${bytes}")
  string(APPEND entries "    {\"${name}\", {\"${bytes}\", ${size}}},\n")
endforeach()
file(WRITE ${OUT} "// Made by cloud/web/embed.cmake.
#include \"cloud/http/web_files.h\"

namespace libretto::cloud {
namespace {

constexpr WebFile kFiles[] = {
${entries}};

}  // namespace

std::span<const WebFile> WebFiles() { return kFiles; }

}  // namespace libretto::cloud
")
