"""oRPC's envelope (contract 6)."""

from answers import Differs
from conversation import PASSWORD

JSON = "application/json"
SIGN_UP = "/v1/auth/signupAndCreateOrg"
LIST = "/v1/credentials/list"


def envelope_without_input(t):
    _, key = t.key_of(t.owner())
    t.post("an empty object", LIST, {}, key=key)
    t.post("no body", LIST, key=key)
    t.post("no body that claims to be JSON", LIST, key=key, Content_Type=JSON)
    t.post("no type", LIST, '{"json":{}}', key=key)
    t.post("a slash at the end", f"{LIST}/", {}, key=key)
    t.post("a query", f"{LIST}?a=b", {}, key=key)


def envelope_that_is_malformed(t):
    for what, body in (("cut short", "{"), ("null", "null"),
                       ("not UTF-8", b'{"json":"\xff')):
        t.post(what, LIST, body, status=400, Content_Type=JSON)


def envelope_of_another_shape(t):
    for what, body in (("no json", '{"input":{}}'), ("an array", "[]"),
                       ("text", '"x"'), ("a number", "1"),
                       ("json is null", '{"json":null}'),
                       ("json is an array", '{"json":[]}'),
                       ("json is text", '{"json":"x"}')):
        t.post(what, SIGN_UP, body, status=400, Content_Type=JSON)


def envelope_of_another_type(t):
    body = '{"json":{"name":"x"}}'
    t.post("text", SIGN_UP, body, status=400, Content_Type="text/plain")
    t.post("a form", SIGN_UP, "json=1", status=400,
           Content_Type="application/x-www-form-urlencoded")
    t.post("JSON with a character set", SIGN_UP, body, status=400,
           Content_Type="application/json; charset=utf-8")


def envelope_by_another_method(t):
    _, key = t.key_of(t.owner())
    refused = Differs("only-post-runs-a-procedure", {
        "status": 405, "body": {"json": {
            "defined": False, "code": "METHOD_NOT_SUPPORTED", "status": 405,
            "message": "Method Not Supported"}}})
    t.get("GET", LIST, key=key, status=405)
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
        t.ask(method, method, LIST, {}, key=key, differs=refused)


def envelope_with_a_list_of_types(t):
    _, key = t.key_of(t.owner())
    t.post("is decoded", LIST, {"json": {}, "meta": []}, key=key)
    t.post("a name as plain text", "/v1/credentials/get",
           {"json": {"name": "none"}, "meta": []}, key=key, status=404)


def envelope_of_an_origin(t):
    t.rpc("/v1 does not ask for one", "auth/signupAndCreateOrg",
          {"name": "Owner", "email": t.address("owner"),
           "password": PASSWORD, "organizationName": "Example",
           "organizationSlug": t.slug("org"),
           "debugNotificationEmail": t.address("owner")},
          origin="https://evil.example")
