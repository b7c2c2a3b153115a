// An environment variable of our own, read as the public command reads its
// variables (contract 1.4). Any thread, while none changes the environment.
#pragma once

#include <string_view>

namespace libretto {

// Without white space at both ends; empty when there is none.
std::string_view TrimmedVariable(const char* name);

}  // namespace libretto
