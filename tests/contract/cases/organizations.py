"""Organisations (contract 4.3)."""

LIST = "/api/auth/organization/list"
CREATE = "/api/auth/organization/create"


def list_organizations(t):
    t.get("none", LIST, by=t.outsider())
    owner = t.owner()
    t.get("one's own", LIST, by=owner)
    t.get("as a member", LIST, by=t.member(owner))


def create_organization(t):
    body = {"name": "Example", "slug": t.slug("org")}
    t.post("by somebody who has none", CREATE, body, by=t.outsider())
    t.post("the slug is taken", CREATE, body, by=t.outsider("other"),
           status=400)
    t.post("no name", CREATE, {"slug": t.slug("x")}, by=t.outsider("third"),
           status=400)
    t.post("an empty name", CREATE, {**body, "name": ""},
           by=t.outsider("fourth"), status=400)
    t.post("nothing", CREATE, {}, by=t.outsider("fifth"), status=400)


def create_org_for_current_user(t):
    given = {"organizationName": "Example",
             "organizationSlug": t.slug("org"),
             "debugNotificationEmail": t.address("outsider")}
    t.rpc("by somebody who has none", "auth/createOrgForCurrentUser", given,
          by=t.outsider())
    t.rpc("the slug is taken", "auth/createOrgForCurrentUser", given,
          by=t.outsider("other"), status=409)
    t.rpc("without a session", "auth/createOrgForCurrentUser", given,
          status=401)
    t.rpc("nothing", "auth/createOrgForCurrentUser", {},
          by=t.outsider("third"), status=400)


def status(t):
    t.rpc("of an owner", "auth/status", {}, by=t.owner())
    t.rpc("of somebody without an organisation", "auth/status", {},
          by=t.outsider())
    t.rpc("of an unverified account", "auth/status", {},
          by=t.outsider("new", verified=False))
    t.rpc("without a session", "auth/status", {}, status=401)
