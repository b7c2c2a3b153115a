// Logging in through a page in the browser, as `login --browser` and
// `signup --browser` do. Not thread-safe.
#pragma once

#include "base/errors.h"
#include "client/commands/verb.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace libretto {

struct BrowserOptions {
  // --browser, which is returned, and --no-open.
  CLI::Option* Define(CLI::App& app);

  bool chosen = false;
  bool no_open = false;
};

enum class BrowserPage { kSignIn, kSignUp };

// Shows the page's address, tries to open it and waits until somebody has
// approved, with a sign of life on a terminal. Ctrl-C ends the process, and
// with it the agent's asking.
StatusOr<SignedIn> LogInThroughBrowser(Context& context, BrowserPage page,
                                       const BrowserOptions& options);

}  // namespace libretto
