"""Sign-up, sign-in and sign-out (contract 2 and 3.1)."""

from answers import Differs
from conversation import PASSWORD

SIGN_UP = "/api/auth/sign-up/email"
SIGN_IN = "/api/auth/sign-in/email"
WITH_ORGANIZATION = "auth/signupAndCreateOrg"


def sign_up(t):
    address = t.address("casey")
    body = {"name": "Casey", "email": address, "password": PASSWORD}
    t.post("a new account", SIGN_UP, body)
    t.post("the address is taken", SIGN_UP, body, status=422)
    t.post("in capitals it is the same one", SIGN_UP,
           {**body, "email": address.upper()}, status=422)
    t.post("an address is stored in lower case", SIGN_UP,
           {**body, "email": t.address("Robin").upper()})
    t.post("a name may be empty", SIGN_UP,
           {**body, "email": t.address("nameless"), "name": ""})
    t.post("with a place to return to", SIGN_UP,
           {**body, "email": t.address("returns"), "callbackURL": "/welcome"})


def sign_up_of_a_form(t):
    t.post("as a form", SIGN_UP,
           f"name=Casey+Q&email={t.address('casey').replace('@', '%40')}"
           "&password=correct%20horse%20battery",
           Content_Type="application/x-www-form-urlencoded")


def sign_up_that_is_refused(t):
    body = {"name": "Casey", "email": t.address("casey"),
            "password": PASSWORD}
    t.post("seven characters", SIGN_UP, {**body, "password": "1234567"},
           status=400)
    t.post("129 characters", SIGN_UP, {**body, "password": "x" * 129},
           status=400)
    t.post("no address", SIGN_UP, {**body, "email": "casey"}, status=400)
    t.post("nothing", SIGN_UP, {}, status=400)
    t.post("numbers", SIGN_UP, {"name": 1, "email": 2, "password": 3},
           status=400)
    for what, sent, received in (("an array", [], "array"),
                                 ("no body", None, "undefined")):
        t.post(what, SIGN_UP, sent, status=400,
               differs=Differs("sign-up-is-told-once", {
                   "body.message": "[body] Invalid input: expected object, "
                                   f"received {received}"}))
    t.post("a page of somebody else to return to", SIGN_UP,
           {**body, "callbackURL": "https://evil.example"}, status=403)


def sign_up_with_an_organization(t):
    address = t.address("owner")
    given = {"name": "Owner", "email": address, "password": PASSWORD,
             "organizationName": "Example", "organizationSlug": t.slug("org"),
             "debugNotificationEmail": address}
    t.rpc("a new account", WITH_ORGANIZATION, given)
    t.rpc("the slug is taken", WITH_ORGANIZATION,
          {**given, "email": t.address("other")}, status=409)
    t.rpc("the address is taken", WITH_ORGANIZATION,
          {**given, "organizationSlug": t.slug("other")}, status=409)
    t.rpc("the slug is told before the address", WITH_ORGANIZATION, given,
          status=409)
    t.rpc("the slug of a refused sign-up is still free", WITH_ORGANIZATION,
          {**given, "email": t.address("third"),
           "organizationSlug": t.slug("other")})


def sign_up_with_an_organization_that_is_refused(t):
    good = {"name": "Owner", "email": t.address("owner"),
            "password": PASSWORD, "organizationName": "Example",
            "organizationSlug": t.slug("org"),
            "debugNotificationEmail": t.address("owner")}
    t.rpc("no member at all", WITH_ORGANIZATION, {}, status=400)
    t.rpc("no input", WITH_ORGANIZATION, status=400)
    for number, (member, value) in enumerate((
            ("name", ""), ("email", "owner"), ("password", "1234567"),
            ("password", "x" * 129), ("organizationName", ""),
            ("organizationSlug", "x"), ("organizationSlug", "x" * 61),
            ("organizationSlug", "Upper"), ("organizationSlug", "-dash"),
            ("debugNotificationEmail", "nobody"), ("name", None),
            ("name", 1), ("email", ["a"]), ("password", {}))):
        # Attempts are counted for each address.
        other = {**good, "email": t.address(f"owner{number}")}
        t.rpc(f"{member} is {value!r:.20}", WITH_ORGANIZATION,
              {**other, member: value}, status=400)
    t.rpc("an unknown member is ignored", WITH_ORGANIZATION,
          {**good, "colour": "blue"})


def sign_in(t):
    casey = t.outsider("casey")
    body = {"email": casey.email, "password": PASSWORD}
    t.post("with the right password", SIGN_IN, body)
    t.post("the address in capitals", SIGN_IN,
           {**body, "email": casey.email.upper()})
    t.post("for a day", SIGN_IN, {**body, "rememberMe": False})
    t.post("with a place to return to", SIGN_IN,
           {**body, "callbackURL": "/home"})
    t.post("as a form", SIGN_IN,
           f"email={casey.email.replace('@', '%40')}"
           "&password=correct+horse+battery",
           Content_Type="application/x-www-form-urlencoded")
    t.post("with a session already", SIGN_IN, body, by=casey)


def sign_in_that_is_refused(t):
    casey = t.outsider("casey")
    body = {"email": casey.email, "password": PASSWORD}
    wrong = t.post("a wrong password", SIGN_IN,
                   {**body, "password": "wrong horse battery"}, status=401)
    unknown = t.post("an unknown address", SIGN_IN,
                     {**body, "email": "nobody@example.test"}, status=401)
    assert wrong.body == unknown.body
    t.post("an empty password", SIGN_IN, {**body, "password": ""}, status=401)
    t.post("no address", SIGN_IN, {**body, "email": "casey"}, status=400)
    t.post("nothing", SIGN_IN, {}, status=400)
    t.post("no body", SIGN_IN, status=400)
    t.post("null", SIGN_IN, {**body, "password": None}, status=400)
    t.post("a page of somebody else to return to", SIGN_IN,
           {**body, "callbackURL": "https://evil.example/"}, status=403)
    t.post("another host without a scheme", SIGN_IN,
           {**body, "callbackURL": "//evil.example/"}, status=403)


def sign_in_without_a_verified_address(t):
    casey = t.outsider("casey", verified=False)
    t.post("is let in", SIGN_IN, {"email": casey.email, "password": PASSWORD})


def sign_out(t):
    casey = t.outsider("casey")
    other = t.sign_in(casey)
    t.post("with a session", "/api/auth/sign-out", by=casey)
    t.get("it has ended", "/api/auth/get-session", by=casey)
    t.get("the other one has not", "/api/auth/get-session", by=other)
    t.post("a second time", "/api/auth/sign-out", by=casey)
    t.post("with an empty object", "/api/auth/sign-out", {}, by=other)
    t.post("without a session", "/api/auth/sign-out")
    t.post("with a cookie that is none of ours", "/api/auth/sign-out",
           cookie="theme=dark")
