#include "client/delivery/trimmed_variable.h"

#include <cstdlib>

#include "client/delivery/dotenv.h"

namespace libretto {

std::string_view TrimmedVariable(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? "" : TrimLikeJavaScript(value);
}

}  // namespace libretto
