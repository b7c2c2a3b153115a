"""Bodies, types, methods and paths (contract 4.1)."""

from answers import Differs
from conversation import PASSWORD
from differences import MALFORMED, SIGNED_OUT, UNKNOWN_PATH

SIGN_IN = "/api/auth/sign-in/email"
JSON = "application/json"


def body_that_is_no_json(t):
    for what, body in (("cut short", "{"), ("a word", "nope")):
        t.post(what, SIGN_IN, body, status=500, Content_Type=JSON,
               differs=MALFORMED)
    t.post("not UTF-8", SIGN_IN,
           b'{"email":"casey@example.test","password":"\xff"}',
           status=401, Content_Type=JSON,
           differs=Differs("not-utf-8-is-no-json", MALFORMED.instead))
    t.post("the same member twice", SIGN_IN,
           '{"email":"casey","email":"casey@example.test",'
           '"password":"12345678"}', status=401, Content_Type=JSON,
           differs=Differs("member-twice-is-no-json", MALFORMED.instead))
    t.post("a thousand brackets", SIGN_IN, "[" * 1000 + "]" * 1000,
           status=400, Content_Type=JSON,
           differs=Differs("nesting-is-bounded", MALFORMED.instead))


def body_of_another_type(t):
    body = '{"email":"casey@example.test","password":"12345678"}'
    t.post("text", SIGN_IN, body, status=415, Content_Type="text/plain",
           differs=Differs("type-is-not-echoed", {
               "body.message": "Content-Type is not allowed. Allowed types: "
                               "application/x-www-form-urlencoded, "
                               "application/json"}))
    t.post("JSON with a character set", SIGN_IN, body, status=401,
           Content_Type="application/json; charset=utf-8")
    t.post("no type counts as no body", SIGN_IN, body, status=400)


def body_where_none_is_needed(t):
    casey = t.outsider("casey")
    t.post("an empty one that claims to be JSON", "/api/auth/sign-out",
           by=casey, Content_Type=JSON)


def path_that_is_unknown(t):
    t.get("of no route", "/api/auth/nothing", status=404)
    t.post("of no route, by POST", "/api/auth/nothing", {}, status=404)
    t.get("in capitals", "/api/auth/Get-Session", status=404)
    t.get("with two slashes", "//api/auth/get-session", status=404,
          differs=UNKNOWN_PATH)
    t.post("on /v1", "/v1/nothing", {}, status=404, differs=UNKNOWN_PATH)
    t.post("in capitals on /v1", "/v1/Credentials/list", {}, status=404,
           differs=UNKNOWN_PATH)


def method_that_is_wrong(t):
    t.get("GET of sign-in", SIGN_IN, status=404)
    t.ask("OPTIONS", "OPTIONS", SIGN_IN, status=404)
    t.ask("PUT", "PUT", SIGN_IN, {}, status=404)
    t.ask("DELETE of a key", "DELETE", "/api/auth/api-key/delete", {},
          status=404)


def health(t):
    t.get("is ok", "/api/auth/ok")


def nobody_is_signed_in(t):
    for method, path, body in (
            ("GET", "organization/list", None),
            ("POST", "organization/create",
             {"name": "Example", "slug": "nobodys"}),
            ("POST", "organization/invite-member",
             {"email": "mate@example.test", "role": "member"}),
            ("POST", "organization/accept-invitation",
             {"invitationId": "x"}),
            ("GET", "api-key/list", None),
            ("POST", "api-key/delete", {"keyId": "x"})):
        t.ask(path, method, f"/api/auth/{path}", body, status=401,
              differs=SIGNED_OUT)
    t.get("organization/get-invitation",
          "/api/auth/organization/get-invitation?id=x", status=401)
    t.post("api-key/create", "/api/auth/api-key/create", {}, status=401)


def member_of_the_wrong_type(t):
    t.post("a number", SIGN_IN, {"email": 1, "password": PASSWORD},
           status=400)
    t.post("a list", SIGN_IN, {"email": [], "password": PASSWORD},
           status=400)
    t.post("null", SIGN_IN, {"email": None, "password": PASSWORD},
           status=400)
    t.post("text for yes or no", SIGN_IN,
           {"email": "casey@example.test", "password": PASSWORD,
            "rememberMe": "yes"}, status=400)
