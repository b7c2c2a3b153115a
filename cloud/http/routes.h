// All routes of the contract that this server has, one function for each
// group. Any thread.
#pragma once

#include <vector>

#include "cloud/core/accounts.h"
#include "cloud/core/api_keys.h"
#include "cloud/core/cli_logins.h"
#include "cloud/core/credentials.h"
#include "cloud/core/invitations.h"
#include "cloud/core/organizations.h"
#include "cloud/core/password_reset.h"
#include "cloud/http/origins.h"
#include "cloud/http/router.h"
#include "cloud/http/session_cookie.h"

namespace libretto::cloud {

// What the handlers work with; all of it outlives them.
struct Services {
  Accounts& accounts;
  PasswordReset& password_reset;
  CliLogins& cli_logins;
  Organizations& organizations;
  Invitations& invitations;
  Sessions& sessions;
  ApiKeys& api_keys;
  Credentials& credentials;
  const Clock& clock;
  const SessionCookie& cookie;
  const TrustedOrigins& origins;
};

void AddAccountRoutes(const Services& services, std::vector<Route>& routes);
void AddSessionRoutes(const Services& services, std::vector<Route>& routes);
void AddVerificationRoutes(const Services& services,
                           std::vector<Route>& routes);
void AddPasswordResetRoutes(const Services& services,
                            std::vector<Route>& routes);
void AddCliLoginRoutes(const Services& services, std::vector<Route>& routes);
void AddOrganizationRoutes(const Services& services,
                           std::vector<Route>& routes);
void AddInvitationRoutes(const Services& services, std::vector<Route>& routes);
void AddApiKeyRoutes(const Services& services, std::vector<Route>& routes);
void AddCredentialRoutes(const Services& services, std::vector<Route>& routes);

std::vector<Route> AllRoutes(const Services& services);

}  // namespace libretto::cloud
