"""An API key in the place of a session (contract 5, second table)."""

from conversation import PASSWORD
from differences import NO_ECHO

SESSION = "/api/auth/get-session"


def key_as_session(t):
    owner = t.owner()
    _, key = t.key_of(owner)
    other = t.owner("other")
    t.get("get-session", SESSION, key=key, differs=NO_ECHO)
    t.get("with a user agent", SESSION, key=key, User_Agent="ci/1.0",
          differs=NO_ECHO)
    t.get("organisations", "/api/auth/organization/list", key=key)
    t.get("keys", "/api/auth/api-key/list", key=key)
    t.post("another key", "/api/auth/api-key/create", {"name": "two"},
           key=key)
    t.get("before a cookie", "/api/auth/organization/list", key=key,
          by=other)
    t.get("an empty one counts as none", SESSION, key="", by=other)


def key_that_expires(t):
    _, key = t.key_of(t.owner(), expiresIn=86400)
    t.get("so does its session", SESSION, key=key, differs=NO_ECHO)


def key_that_is_bad(t):
    casey = t.outsider("casey")
    body = {"email": casey.email, "password": PASSWORD}
    unknown = "a" * 64
    t.get("too short", SESSION, key="short", status=403)
    t.get("unknown", SESSION, key=unknown, status=401)
    t.get("beside a good cookie", SESSION, key=unknown, by=casey, status=401)
    t.post("at sign-in", "/api/auth/sign-in/email", body, key=unknown,
           status=401)
    t.post("too short at sign-in", "/api/auth/sign-in/email", body, key="x",
           status=403)
    t.post("at sign-out", "/api/auth/sign-out", key=unknown, status=401)


def key_at_sign_out(t):
    _, key = t.key_of(t.owner())
    t.post("does nothing", "/api/auth/sign-out", key=key)
    t.get("stays good", SESSION, key=key, differs=NO_ECHO)
