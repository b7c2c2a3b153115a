"""API keys of an account (contract 5)."""

CREATE = "/api/auth/api-key/create"
LIST = "/api/auth/api-key/list"
DELETE = "/api/auth/api-key/delete"
UPDATE = "/api/auth/api-key/update"


def create_key(t):
    owner = t.owner()
    t.post("with a label", CREATE, {"name": "ci"}, by=owner)
    t.post("with the same label", CREATE, {"name": "ci"}, by=owner)
    t.post("without one", CREATE, {}, by=owner)
    t.post("with an empty one", CREATE, {"name": ""}, by=owner)
    t.post("of 32 characters", CREATE, {"name": "x" * 32}, by=owner)
    t.post("with a prefix", CREATE, {"prefix": "ci_"}, by=owner)
    t.post("for a day", CREATE, {"expiresIn": 86400}, by=owner)
    t.post("with notes", CREATE, {"metadata": {"a": [1, "b"]}}, by=owner)
    t.post("by an unverified account", CREATE, {},
           by=t.outsider("new", verified=False))


def create_key_that_is_refused(t):
    owner = t.owner()
    for what, body in (
            ("33 characters", {"name": "x" * 33}),
            ("a number as a label", {"name": 1}),
            ("for less than a day", {"expiresIn": 86399}),
            ("for no time", {"expiresIn": 0}),
            ("for more than a year", {"expiresIn": 365 * 86400 + 1}),
            ("for text", {"expiresIn": "1d"}),
            ("a prefix with a space", {"prefix": "c i"}),
            ("notes that are text", {"metadata": "a"}),
            ("a limit", {"rateLimitMax": 1}),
            ("no limit", {"rateLimitEnabled": False}),
            ("uses", {"remaining": 5}),
            ("a refill", {"refillAmount": 1, "refillInterval": 1}),
            ("rights", {"permissions": {"a": ["b"]}})):
        t.post(what, CREATE, body, by=owner, status=400)
    t.post("for somebody else", CREATE, {"userId": "x" * 32}, by=owner,
           status=401)
    t.post("without a body", CREATE, by=owner, status=400)


def list_keys(t):
    owner = t.owner()
    t.get("none", LIST, by=owner)
    t.key_of(owner, name="one")
    t.key_of(owner, prefix="two_")
    t.get("two", LIST, by=owner)
    t.get("never somebody else's", LIST, by=t.owner("other"))


def delete_key(t):
    owner = t.owner()
    name, key = t.key_of(owner)
    foreign, _ = t.key_of(t.owner("other"))
    t.post("somebody else's", DELETE, {"keyId": foreign}, by=owner,
           status=404)
    t.post("one that there is not", DELETE, {"keyId": "x" * 32}, by=owner,
           status=404)
    t.post("without an id", DELETE, {}, by=owner, status=400)
    t.post("one's own", DELETE, {"keyId": name}, by=owner)
    t.post("a second time", DELETE, {"keyId": name}, by=owner, status=404)
    t.get("it is refused from now on", "/api/auth/get-session", key=key,
          status=401)


def delete_key_by_itself(t):
    owner = t.owner()
    name, key = t.key_of(owner)
    t.post("without cookie and origin", DELETE, {"keyId": name}, key=key)
    t.get("it is gone", LIST, by=owner)


def update_key(t):
    owner = t.owner()
    name, key = t.key_of(owner, name="one")
    foreign, _ = t.key_of(t.owner("other"))
    t.post("switched off", UPDATE, {"keyId": name, "enabled": False},
           by=owner)
    t.get("it is refused", "/api/auth/get-session", key=key, status=401)
    t.post("switched on", UPDATE, {"keyId": name, "enabled": True}, by=owner)
    t.get("it is taken", "/api/auth/organization/list", key=key)
    t.post("with another label", UPDATE, {"keyId": name, "name": "two"},
           by=owner)
    t.post("with a label of 33 characters", UPDATE,
           {"keyId": name, "name": "x" * 33}, by=owner, status=400)
    t.post("with nothing", UPDATE, {"keyId": name}, by=owner, status=400)
    t.post("somebody else's", UPDATE, {"keyId": foreign, "enabled": False},
           by=owner, status=404)
    t.post("one that there is not", UPDATE,
           {"keyId": "x" * 32, "enabled": False}, by=owner, status=404)
    t.post("without an id", UPDATE, {"enabled": False}, by=owner, status=400)


def verify_key_is_not_served(t):
    _, key = t.key_of(t.owner())
    t.post("over HTTP", "/api/auth/api-key/verify", {"key": key}, status=404)
