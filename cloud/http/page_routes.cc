#include "cloud/http/page_routes.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "cloud/http/web_files.h"

namespace libretto::cloud {
namespace {

struct Page {
  std::string_view path;
  std::string_view file;
};

// /signin and /invite are fixed by the public command, /auth/verified by its
// sign-up. The files under /assets are what the pages load.
constexpr Page kPages[] = {
    {"/", "account.html"},
    {"/signin", "signin.html"},
    {"/signup", "signin.html"},
    {"/invite", "invite.html"},
    {"/verify-email", "verify.html"},
    {"/auth/verified", "verify.html"},
    {"/forgot-password", "forgot.html"},
    {"/reset-password", "reset.html"},
    {"/delete-account", "delete.html"},
    {"/assets/account.js", "account.js"},
    {"/assets/delete.js", "delete.js"},
    {"/assets/forgot.js", "forgot.js"},
    {"/assets/icon.svg", "icon.svg"},
    {"/assets/invite.js", "invite.js"},
    {"/assets/page.js", "page.js"},
    {"/assets/reset.js", "reset.js"},
    {"/assets/signin.js", "signin.js"},
    {"/assets/style.css", "style.css"},
    {"/assets/verification.js", "verification.js"},
    {"/assets/verify.js", "verify.js"},
};

// For every answer, not for documents alone: it does no harm on the others.
constexpr std::pair<std::string_view, std::string_view> kHeaders[] = {
    {"content-security-policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; "
     "img-src 'self' data:; connect-src 'self'; form-action 'self'; "
     "frame-ancestors 'none'; base-uri 'none'"},
    {"x-content-type-options", "nosniff"},
    // A query may hold a secret. The Origin of a fetch() stays.
    {"referrer-policy", "no-referrer"},
    {"x-frame-options", "DENY"},
    {"permissions-policy",
     "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
};

struct Kind {
  std::string_view suffix;
  std::string_view content_type;
  std::string_view cache_control;
};

// Scripts and styles change with the program: a page must not meet old ones
// for long.
constexpr Kind kKinds[] = {
    {".html", "text/html; charset=utf-8", "no-store"},
    {".css", "text/css; charset=utf-8", "max-age=60"},
    {".js", "text/javascript; charset=utf-8", "max-age=60"},
    {".svg", "image/svg+xml", "max-age=60"},
};

const Kind& KindOf(std::string_view file) {
  const auto* const kind =
      std::find_if(std::begin(kKinds), std::end(kKinds),
                   [file](const Kind& k) { return file.ends_with(k.suffix); });
  LIBRETTO_CHECK(kind != std::end(kKinds));
  return *kind;
}

std::string_view ContentOf(std::string_view file) {
  const auto files = WebFiles();
  const auto found =
      std::find_if(files.begin(), files.end(),
                   [file](const WebFile& f) { return f.name == file; });
  LIBRETTO_CHECK(found != files.end());
  return found->content;
}

HttpResponse Respond(const Kind& kind, std::string_view content) {
  HttpResponse response;
  response.headers.emplace_back("content-type", kind.content_type);
  response.headers.emplace_back("cache-control", kind.cache_control);
  response.headers.insert(response.headers.end(), std::begin(kHeaders),
                          std::end(kHeaders));
  response.body = content;
  return response;
}

}  // namespace

std::vector<Route> PageRoutes() {
  std::vector<Route> routes;
  for (const Page& page : kPages) {
    const Kind& kind = KindOf(page.file);
    const std::string_view content = ContentOf(page.file);
    for (const std::string_view method : {"GET", "HEAD"}) {
      routes.push_back({.method = method,
                        .path = page.path,
                        .handle = [&kind, content](const Call&) {
                          return Respond(kind, content);
                        }});
    }
  }
  return routes;
}

}  // namespace libretto::cloud
