"""Forgotten passwords (contract 2 and 3.4)."""

from answers import Differs
from conversation import PASSWORD
from differences import CLEARED, REDIRECT

REQUEST = "/api/auth/request-password-reset"
RESET = "/api/auth/reset-password"
SIGN_IN = "/api/auth/sign-in/email"
NEW = "another horse battery"


def _reset_token(t, address):
    t.must("POST", REQUEST, {"email": address})
    return t.token_of(t.newest_link(address))


def request_reset(t):
    casey = t.outsider("casey")
    t.post("of a known address", REQUEST, {"email": casey.email})
    t.post("of an unknown one is told the same", REQUEST,
           {"email": t.address("nobody")})
    t.post("with a page to return to", REQUEST,
           {"email": casey.email, "redirectTo": "/reset"})
    t.post("no address", REQUEST, {"email": "casey"}, status=400)
    t.post("nothing", REQUEST, {}, status=400)
    t.post("a page of somebody else", REQUEST,
           {"email": casey.email, "redirectTo": "https://evil.example"},
           status=403)


def request_reset_by_procedure(t):
    casey = t.outsider("casey")
    t.rpc("of a known address", "auth/requestPasswordReset",
          {"email": casey.email})
    t.rpc("of an unknown one", "auth/requestPasswordReset",
          {"email": t.address("nobody")},
          differs=Differs("reset-names-no-accounts", {
              "body.json.status": "sent"}))
    t.rpc("no address", "auth/requestPasswordReset", {"email": "casey"},
          status=400)
    t.rpc("nothing", "auth/requestPasswordReset", {}, status=400)


def reset_password(t):
    casey = t.outsider("casey")
    token = _reset_token(t, casey.email)
    t.post("a short one", RESET, {"newPassword": "1234567", "token": token},
           status=400)
    t.post("a long one", RESET, {"newPassword": "x" * 129, "token": token},
           status=400)
    t.post("no token", RESET, {"newPassword": NEW}, status=400)
    t.post("no password", RESET, {"token": token}, status=400)
    t.post("a bad token", RESET, {"newPassword": NEW, "token": "bad"},
           status=400)
    t.post("a good one", RESET, {"newPassword": NEW, "token": token})
    t.post("a second time", RESET, {"newPassword": NEW, "token": token},
           status=400)
    t.post("the old password", SIGN_IN,
           {"email": casey.email, "password": PASSWORD}, status=401)
    t.post("the new one", SIGN_IN, {"email": casey.email, "password": NEW})


def reset_link(t):
    casey = t.outsider("casey")
    token = _reset_token(t, casey.email)
    t.get("leads to the page with the token",
          f"{RESET}/{token}?callbackURL=%2Freset", status=302,
          differs=(REDIRECT, Differs("redirect-is-relative", {
              "location": "/reset?token=<token>"})))
    t.get("a bad token", f"{RESET}/bad?callbackURL=%2Freset", status=302,
          differs=(REDIRECT, Differs("redirect-is-relative", {
              "location": "/reset?error=INVALID_TOKEN"})))
    t.get("without a page", f"{RESET}/{token}", status=400)
    t.get("a page of somebody else",
          f"{RESET}/{token}?callbackURL=https%3A%2F%2Fevil.example",
          status=403)


def reset_and_the_sessions_there_were(t):
    casey = t.outsider("casey")
    token = _reset_token(t, casey.email)
    t.must("POST", RESET, {"newPassword": NEW, "token": token})
    t.get("the one there was", "/api/auth/get-session", by=casey,
          differs=Differs("reset-ends-the-sessions", {
              "body": None, "cookies": CLEARED}))
