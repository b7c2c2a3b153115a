#include "agent/remote/http_organizations.h"

#include <algorithm>
#include <utility>

#include "agent/remote/http_accounts.h"

namespace libretto {
namespace {

StatusOr<std::vector<Organization>> ParseOrganizations(
    const std::string& api_url, const Json& json) {
  const Status broken = NotInContract(api_url, "/api/auth/organization/list");
  if (!json.is_array()) return broken;
  std::vector<Organization> list;
  for (const Json& item : json) {
    auto id = StringAt(item, "id");
    if (!id.has_value()) return broken;
    list.push_back({*std::move(id), StringAt(item, "name").value_or(""),
                    StringAt(item, "slug").value_or("")});
  }
  return list;
}

StatusOr<Invitation> ParseInvitation(const std::string& api_url,
                                     const char* route, const Json& json) {
  auto id = StringAt(json, "id");
  if (!id.has_value()) return NotInContract(api_url, route);
  return Invitation{*std::move(id),
                    StringAt(json, "email").value_or(""),
                    StringAt(json, "role").value_or(""),
                    StringAt(json, "expiresAt").value_or(""),
                    StringAt(json, "organizationId").value_or(""),
                    StringAt(json, "organizationName").value_or(""),
                    StringAt(json, "organizationSlug").value_or("")};
}

// The id goes into a query; ids are [A-Za-z0-9] (contract 4.3).
bool IsPlainId(const std::string& id) {
  return !id.empty() && id.size() <= 64 &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

}  // namespace

void HttpOrganizations::ListOrganizations(
    const Principal& principal, Done<std::vector<Organization>> done) {
  CloudCall call("GET", ApiUrlOf(principal), "/api/auth/organization/list");
  call.As(principal);
  api_.Send(std::move(call),
            [api_url = ApiUrlOf(principal),
             done = std::move(done)](StatusOr<CloudAnswer> answer) mutable {
              if (!answer.ok()) return std::move(done)(answer.status());
              std::move(done)(ParseOrganizations(api_url, answer->json));
            });
}

void HttpOrganizations::Invite(const Principal& principal,
                               const std::string& organization_id,
                               const std::string& email,
                               const std::string& role, Done<Invitation> done) {
  CloudCall call("POST", ApiUrlOf(principal),
                 "/api/auth/organization/invite-member");
  call.As(principal).With(
      {{"email", email}, {"role", role}, {"organizationId", organization_id}});
  api_.Send(
      std::move(call), [api_url = ApiUrlOf(principal), done = std::move(done)](
                           StatusOr<CloudAnswer> answer) mutable {
        if (!answer.ok()) return std::move(done)(answer.status());
        std::move(done)(ParseInvitation(
            api_url, "/api/auth/organization/invite-member", answer->json));
      });
}

void HttpOrganizations::GetInvitation(const Principal& principal,
                                      const std::string& id,
                                      Done<Invitation> done) {
  const std::string plain = IsPlainId(id) ? id : "-";
  CloudCall call("GET", ApiUrlOf(principal),
                 "/api/auth/organization/get-invitation?id=" + plain);
  call.As(principal);
  api_.Send(
      std::move(call), [api_url = ApiUrlOf(principal), done = std::move(done)](
                           StatusOr<CloudAnswer> answer) mutable {
        if (!answer.ok()) return std::move(done)(answer.status());
        std::move(done)(ParseInvitation(
            api_url, "/api/auth/organization/get-invitation", answer->json));
      });
}

void HttpOrganizations::AcceptInvitation(const Principal& principal,
                                         const std::string& id,
                                         DoneStatus done) {
  CloudCall call("POST", ApiUrlOf(principal),
                 "/api/auth/organization/accept-invitation");
  call.As(principal).With({{"invitationId", id}});
  api_.Send(std::move(call), [done = std::move(done)](
                                 const StatusOr<CloudAnswer>& answer) mutable {
    std::move(done)(answer.status());
  });
}

void HttpOrganizations::AcceptAndSignUp(const std::string& api_url,
                                        const std::string& organization_slug,
                                        const std::string& id,
                                        const std::string& name,
                                        const SecretBytes& password,
                                        Done<SignedUp> done) {
  CloudCall call("POST", api_url, "/v1/auth/acceptInviteAndSignup");
  call.With({{"invitationId", id},
             {"tenantSlug", organization_slug},
             {"name", name},
             {"password", std::string(password.Reveal())}});
  api_.Send(std::move(call), [api_url, done = std::move(done)](
                                 StatusOr<CloudAnswer> answer) mutable {
    if (!answer.ok()) return std::move(done)(answer.status());
    std::move(done)(
        ParseSignedUp(api_url, "/v1/auth/acceptInviteAndSignup", answer->json));
  });
}

}  // namespace libretto
