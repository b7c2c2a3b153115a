#include "cloud/http/routes.h"

#include <algorithm>
#include <iterator>

#include "cloud/http/better_auth.h"
#include "cloud/http/page_routes.h"
#include "cloud/http/rpc.h"

namespace libretto::cloud {

std::vector<Route> AllRoutes(const Services& services) {
  std::vector<Route> routes;
  AddAccountRoutes(services, routes);
  AddSessionRoutes(services, routes);
  AddVerificationRoutes(services, routes);
  AddPasswordResetRoutes(services, routes);
  AddCliLoginRoutes(services, routes);
  AddOrganizationRoutes(services, routes);
  AddInvitationRoutes(services, routes);
  AddApiKeyRoutes(services, routes);
  AddCredentialRoutes(services, routes);
  routes.push_back(
      {.method = "GET", .path = "/api/auth/ok", .handle = [](const Call&) {
         return BetterAuth::Ok({{"ok", true}});
       }});
  // The public command reports its use to whatever server it talks to. This
  // one wants to know nothing and keeps nothing.
  routes.push_back({.method = "POST",
                    .path = "/v1/telemetry/recordCliEvent",
                    .handle = [](const Call&) {
                      return Rpc::Ok({{"success", true}});
                    }});
  std::vector<Route> pages = PageRoutes();
  std::move(pages.begin(), pages.end(), std::back_inserter(routes));
  return routes;
}

}  // namespace libretto::cloud
