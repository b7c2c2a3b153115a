// The forms in which programs print bytes. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace libretto {

// `value` as it is and with \r\n for \n; its base64 in both alphabets at each
// of three alignments, without the characters that what stands beside it has a
// part in; its hexadecimal in both cases; percent-encoded and escaped for JSON
// as the usual libraries do it. Some may be equal.
std::vector<std::string> PrintedForms(std::string_view value);

}  // namespace libretto
