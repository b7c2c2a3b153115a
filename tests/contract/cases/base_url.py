"""What the scheme of the base URL changes (contract 3.1)."""

from conversation import PASSWORD
from differences import REDIRECT, VERIFIES_ONLY

SESSION = "/api/auth/get-session"


def cookie_under_https(t):
    casey = t.outsider("casey")
    answer = t.post("is marked as secure", "/api/auth/sign-in/email",
                    {"email": casey.email, "password": PASSWORD})
    cookie = answer.cookie_header()
    t.get("and read under that name", SESSION, cookie=cookie)
    t.get("and under no other", SESSION,
          cookie=cookie.removeprefix("__Secure-"))
    t.post("sign-out clears it", "/api/auth/sign-out", cookie=cookie)


def origin_under_https(t):
    casey = t.outsider("casey")
    t.post("the base URL is trusted", "/api/auth/sign-out", by=casey)
    t.post("where it listens is not", "/api/auth/sign-out", by=casey,
           origin=t.cloud.url, status=403)


def links_under_https(t):
    casey = t.outsider("casey", verified=False)
    t.get("lead to the base URL", t.newest_link(casey.email), status=302,
          differs=(REDIRECT, VERIFIES_ONLY))
