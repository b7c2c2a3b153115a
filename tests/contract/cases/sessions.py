"""get-session and the cookie (contract 3.1 to 3.3)."""

import urllib.parse

from differences import SIGNED_OUT

SESSION = "/api/auth/get-session"
COOKIE = "better-auth.session_token"


def get_session(t):
    casey = t.outsider("casey")
    t.get("with a session", SESSION, by=casey)
    t.get("without one", SESSION)
    t.get("with no other origin than a page's", SESSION, by=casey,
          origin="https://evil.example")
    t.get("without renewal", f"{SESSION}?disableRefresh=true", by=casey)
    t.get("without the cookie cache", f"{SESSION}?disableCookieCache=true",
          by=casey)
    t.get("with JSON as the type of no body", SESSION, by=casey,
          Content_Type="application/json")
    t.get("beside other cookies", SESSION,
          cookie=f"a=b; {casey.cookie}; theme=dark")
    t.get("as a bearer token", SESSION,
          Authorization=f"Bearer {_value_of(casey.cookie).split('.')[0]}")
    t.get("with a slash at the end", f"{SESSION}/", by=casey, status=404)
    t.post("by POST", SESSION, by=casey, status=404)


def get_session_of_an_unverified_account(t):
    casey = t.outsider("casey", verified=False)
    t.get("says so", SESSION, by=casey)
    t.verify(casey.email)
    t.get("and at once that it is verified", SESSION, by=casey)


def get_session_of_somebody_with_an_organization(t):
    t.get("names none as the active one", SESSION, by=t.owner())


def cookie_forms(t):
    casey = t.outsider("casey")
    value = _value_of(casey.cookie)
    t.get("not percent-encoded", SESSION,
          cookie=f"{COOKIE}={urllib.parse.unquote(value)}")
    t.get("a wrong signature", SESSION,
          cookie=f"{COOKIE}={value.split('.')[0]}.{'A' * 43}%3D")
    t.get("no signature", SESSION, cookie=f"{COOKIE}={value.split('.')[0]}")
    t.get("empty", SESSION, cookie=f"{COOKIE}=")
    t.get("the name of https", SESSION, cookie=f"__Secure-{casey.cookie}")
    t.get("the name in capitals", SESSION,
          cookie=f"{COOKIE.upper()}={value}")


def cookie_of_an_ended_session(t):
    casey = t.outsider("casey")
    t.must("POST", "/api/auth/sign-out", Cookie=casey.cookie,
           Origin=t.base_url)
    t.get("is cleared", SESSION, by=casey)
    t.get("reaches nothing", "/api/auth/organization/list", by=casey,
          status=401, differs=SIGNED_OUT)


def _value_of(cookie):
    return cookie.removeprefix(f"{COOKIE}=")
