// The organisation of the user who asks: listing it, and making one.
#include "cloud/core/refusal.h"
#include "cloud/http/better_auth.h"
#include "cloud/http/routes.h"
#include "cloud/http/rpc.h"
#include "cloud/http/string_rules.h"

namespace libretto::cloud {
namespace {

HttpResponse List(const Services& services, const Call& call) {
  const auto organizations = services.organizations.Of(call.identity->user);
  if (!organizations.ok()) return BetterAuth::Failure(organizations.status());
  JsonOut list = JsonOut::array();
  for (const Organization& organization : *organizations) {
    list.push_back({{"name", organization.name},
                    {"slug", organization.slug},
                    {"logo", nullptr},
                    {"createdAt", Iso8601(organization.created_at)},
                    {"metadata", nullptr},
                    {"id", organization.id}});
  }
  return BetterAuth::Ok(list);
}

HttpResponse Create(const Services& services, const Call& call) {
  Input input(call.input);
  OrganizationRequest request;
  request.name = input.String("name", kRequiredName);
  request.slug = input.String("slug", kSlug);
  if (!input.ok()) return BetterAuth::InvalidInput(input, "body");
  request.alert_email = call.identity->user.email;

  const auto made = services.organizations.Create(call.identity->user, request,
                                                  SessionIdOf(*call.identity));
  if (RefusalOf(made.status()) == Refusal::kSlugTaken) {
    return BetterAuth::Error(400, "ORGANIZATION_ALREADY_EXISTS",
                             "Organization already exists");
  }
  if (!made.ok()) return BetterAuth::Failure(made.status());
  const Organization& organization = made->organization;
  return BetterAuth::Ok(
      {{"name", organization.name},
       {"slug", organization.slug},
       {"logo", nullptr},
       {"createdAt", Iso8601(organization.created_at)},
       {"id", organization.id},
       {"members",
        JsonOut::array({BetterAuth::MemberJson(made->membership)})}});
}

HttpResponse CreateForCurrentUser(const Services& services, const Call& call) {
  Input input(call.input);
  OrganizationRequest request;
  request.name = input.String("organizationName", kRequiredName);
  request.slug = input.String("organizationSlug", kSlug);
  request.alert_email = input.String("debugNotificationEmail", kEmail);
  if (!input.ok()) return Rpc::InvalidInput(input);
  // Made by the server, as in a sign-up: it is nobody's active one.
  const auto made = services.organizations.Create(call.identity->user, request,
                                                  /*session_id=*/"");
  if (!made.ok()) return Rpc::Failure(made.status());
  return Rpc::Ok({{"organizationId", made->organization.id},
                  {"organizationSlug", made->organization.slug}});
}

}  // namespace

void AddOrganizationRoutes(const Services& services,
                           std::vector<Route>& routes) {
  routes.push_back({.method = "GET",
                    .path = "/api/auth/organization/list",
                    .auth = Auth::kRequired,
                    .handle = [services](const Call& call) {
                      return List(services, call);
                    }});
  routes.push_back({.method = "POST",
                    .path = "/api/auth/organization/create",
                    .auth = Auth::kRequired,
                    .handle = [services](const Call& call) {
                      return Create(services, call);
                    }});
  routes.push_back({.method = "POST",
                    .path = "/v1/auth/createOrgForCurrentUser",
                    .auth = Auth::kSession,
                    .handle = [services](const Call& call) {
                      return CreateForCurrentUser(services, call);
                    }});
}

}  // namespace libretto::cloud
