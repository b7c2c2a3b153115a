"""Invitations: the table of contract 4.3, and accepting by signing up."""

from answers import Differs
from conversation import PASSWORD

INVITE = "/api/auth/organization/invite-member"
SHOW = "/api/auth/organization/get-invitation"
ACCEPT = "/api/auth/organization/accept-invitation"
SIGN_UP = "auth/acceptInviteAndSignup"


def _request(t, by, who="mate", role="member"):
    return {"email": t.address(who), "role": role,
            "organizationId": by.organization_id}


def _invited(t, by, who="mate", role="member"):
    """The id of an invitation."""
    return t.must("POST", INVITE, _request(t, by, who, role), Cookie=by.cookie,
                  Origin=t.base_url).json()["id"]


def invite(t):
    owner = t.owner()
    t.post("a member", INVITE, _request(t, owner), by=owner)
    t.post("an admin", INVITE, _request(t, owner, "two", "admin"), by=owner)
    t.post("an owner", INVITE, _request(t, owner, "three", "owner"), by=owner)
    t.post("an address in capitals", INVITE,
           {**_request(t, owner), "email": t.address("Four").upper()},
           by=owner)
    t.post("roles in a list", INVITE,
           _request(t, owner, "five", ["member", "admin"]), by=owner)
    t.post("by an admin", INVITE, _request(t, owner, "six"),
           by=t.member(owner, "admin", "admin"))
    _, key = t.key_of(owner)
    t.post("by a key", INVITE, _request(t, owner, "seven"), key=key)


def invite_that_is_refused(t):
    owner = t.owner()

    def refused(what, by, status, differs=(), **changes):
        # Mails are counted for each address.
        good = _request(t, owner, who=f"mate{len(t.steps)}")
        t.post(what, INVITE, {**good, **changes}, by=by, status=status,
               differs=differs)

    t.post("of no organisation", INVITE,
           {"email": t.address("mate"), "role": "member"}, by=owner,
           status=400)
    refused("of an unknown one", owner, 400, organizationId="x" * 32)
    refused("by an outsider", t.outsider(), 400)
    refused("by the owner of another one", t.owner("other"), 400)
    refused("by a member", t.member(owner), 403)
    refused("an owner, by an admin", t.member(owner, "admin", "admin"), 403,
            role="owner")
    refused("an unknown role", owner, 400, role="king",
            differs=Differs("role-is-not-in-the-code", {
                "body.code": "ROLE_NOT_FOUND"}))
    refused("no address", owner, 400, email="mate")
    refused("oneself", owner, 400, email=owner.email)
    t.post("nothing", INVITE, {}, by=owner, status=400)


def invite_twice(t):
    owner = t.owner()
    t.post("the first", INVITE, _request(t, owner), by=owner)
    t.post("is pending", INVITE, _request(t, owner), by=owner, status=400)
    t.post("is sent again", INVITE, {**_request(t, owner), "resend": True},
           by=owner)


def show_invitation(t):
    owner = t.owner()
    mate = t.outsider("mate")
    name = _invited(t, owner)
    t.get("by whom it is for", f"{SHOW}?id={name}", by=mate)
    t.get("by the inviter", f"{SHOW}?id={name}", by=owner, status=403)
    t.get("by another", f"{SHOW}?id={name}", by=t.outsider(), status=403)
    t.get("an unknown one", f"{SHOW}?id={'x' * 32}", by=mate, status=400)
    t.get("without an id", SHOW, by=mate, status=400)


def accept_invitation(t):
    owner = t.owner()
    mate = t.outsider("mate")
    name = _invited(t, owner, role="admin")
    body = {"invitationId": name}
    t.post("by another", ACCEPT, body, by=t.outsider(), status=403)
    t.post("an unknown one", ACCEPT, {"invitationId": "x" * 32}, by=mate,
           status=400)
    t.post("without an id", ACCEPT, {}, by=mate, status=400)
    t.post("by whom it is for", ACCEPT, body, by=mate)
    t.post("a second time", ACCEPT, body, by=mate, status=400)
    t.get("it is not shown any more", f"{SHOW}?id={name}", by=mate,
          status=400)
    t.get("the organisation is listed", "/api/auth/organization/list",
          by=mate)
    t.get("it is the session's active one", "/api/auth/get-session", by=mate)
    t.post("a member is not invited again", INVITE, _request(t, owner),
           by=owner, status=400)


def accept_invitation_unverified(t):
    owner = t.owner()
    mate = t.outsider("mate", verified=False)
    body = {"invitationId": _invited(t, owner)}
    t.get("is shown", f"{SHOW}?id={body['invitationId']}", by=mate)
    t.post("is accepted", ACCEPT, body, by=mate)


def accept_by_signing_up(t):
    owner = t.owner()
    name = _invited(t, owner)
    given = {"invitationId": name, "tenantSlug": owner.slug, "name": "Mate",
             "password": PASSWORD}
    t.rpc("another slug", SIGN_UP, {**given, "tenantSlug": "other"},
          status=400,
          differs=Differs("wrong-slug-is-not-confirmed", {
              "status": 404, "body.json.code": "NOT_FOUND",
              "body.json.status": 404,
              "body.json.message": "Invitation not found"}))
    t.rpc("an unknown invitation", SIGN_UP,
          {**given, "invitationId": "x" * 32}, status=404)
    t.rpc("a short password", SIGN_UP, {**given, "password": "1234567"},
          status=400)
    t.rpc("nothing", SIGN_UP, {}, status=400)
    made = t.rpc("as invited", SIGN_UP, given).json()["json"]
    cookie = made["setCookie"][0].split(";")[0]
    t.get("the account is a member", "/api/auth/organization/list",
          cookie=cookie)
    t.rpc("a second time", SIGN_UP, given, status=404)


def accept_by_signing_up_with_an_account(t):
    owner = t.owner()
    t.outsider("mate")
    t.rpc("is told to log in", SIGN_UP,
          {"invitationId": _invited(t, owner), "tenantSlug": owner.slug,
           "name": "Mate", "password": PASSWORD}, status=409)
