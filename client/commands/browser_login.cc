#include "client/commands/browser_login.h"

#include <unistd.h>

#include <utility>

#include <CLI/CLI.hpp>

#include "client/commands/output.h"
#include "client/commands/website.h"
#include "client/delivery/browser.h"

namespace libretto {

CLI::Option* BrowserOptions::Define(CLI::App& app) {
  CLI::Option* const browser =
      app.add_flag("--browser", chosen, "Log in on a page in the browser");
  app.add_flag("--no-open", no_open,
               "Only print the page's address, do not open it")
      ->needs(browser);
  return browser;
}

StatusOr<SignedIn> LogInThroughBrowser(Context& context, BrowserPage page,
                                       const BrowserOptions& options) {
  const std::string api_url = context.Caller().api_url;
  // A wrong LIBRETTO_WEBSITE_URL is told before anything has been asked for.
  if (const auto site = PageUrl(api_url, "", {}); !site.ok()) {
    return site.status();
  }
  const StatusOr<AgentClient*> agent = context.Agent(Context::Key::kIgnored);
  if (!agent.ok()) return agent.status();
  const bool alive = isatty(STDERR_FILENO) == 1;
  bool waited = false;
  StatusOr<SignedIn> signed_in = (*agent)->BrowserLogin(
      [&](const LoginRequest& request) {
        std::vector<std::pair<std::string_view, std::string_view>> query = {
            {"cliLoginId", request.id},
            {"cliLoginSecret", request.secret.Reveal()}};
        if (page == BrowserPage::kSignUp) query.emplace_back("mode", "signup");
        StatusOr<std::string> url = PageUrl(api_url, "/signin", query);
        if (!url.ok()) return;
        Note(
            "Open this page and approve the login there; the address is for "
            "you alone:\n\n  " +
            *url + "\n\nWaiting for it (Ctrl-C stops).");
        if (!options.no_open) OpenInBrowser(*url);
        WipeString(*url);
      },
      [alive, &waited] {
        if (alive) WriteErr(".");
        waited = true;
      });
  if (alive && waited) WriteErr("\n");
  return signed_in;
}

}  // namespace libretto
