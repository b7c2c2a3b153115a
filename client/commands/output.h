// What the commands write: data to standard output, everything else to standard
// error. Plain write(2): a short-lived command needs no streams. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/errors.h"

namespace libretto {

// All of `text` to standard output. Fails when it did not get there, so that a
// full disk or a closed pipe is no success.
Status WriteOut(std::string_view text);

// `text` to a file of mode 0600, which is there whole or as it was before.
// Invalid() for what is there and no ordinary file: a link and a device would
// be replaced.
Status WritePrivateFile(const std::string& path, std::string_view text);

// `text` to standard error, as it is.
void WriteErr(std::string_view text);

// One line on standard error.
void Note(std::string_view line);

// "librettoctl: message" and, if there is one, "  try: remedy". What the agent
// or the cloud said is made safe for a terminal.
void PrintError(const Status& status);

// Whether `fd` is a terminal that may be coloured: NO_COLOR is not set.
bool MayColour(int fd);

// `text` in bold where `fd` may be coloured.
std::string Bold(std::string_view text, int fd);

}  // namespace libretto
