// Opening a page in the person's browser. Any thread, but the process should
// have only one.
#pragma once

#include <string>

namespace libretto {

// Has `xdg-open` try it, without waiting for it and without its output; nothing
// where there is no display. Whether it worked is not known.
void OpenInBrowser(const std::string& url);

}  // namespace libretto
