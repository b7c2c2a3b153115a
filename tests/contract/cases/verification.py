"""The proof of a mail address (contract 2 and 3.4)."""

from answers import Differs
from differences import REDIRECT, VERIFIES_ONLY

SEND = "/api/auth/send-verification-email"
VERIFY = "/api/auth/verify-email"


def send_verification(t):
    casey = t.outsider("casey", verified=False)
    t.post("a known address", SEND, {"email": casey.email})
    t.post("with a place to return to", SEND,
           {"email": casey.email, "callbackURL": "/welcome"})
    t.post("an unknown address is told the same", SEND,
           {"email": t.address("nobody")})


def send_verification_with_a_session(t):
    casey = t.outsider("casey", verified=False)
    t.post("by its owner", SEND, {"email": casey.email}, by=casey)
    t.post("by somebody else", SEND, {"email": casey.email},
           by=t.outsider("robin"), status=400)


def send_verification_to_a_verified_address(t):
    casey = t.outsider("casey")
    t.post("by anybody", SEND, {"email": casey.email})
    t.post("by its owner", SEND, {"email": casey.email}, by=casey,
           status=400)


def send_verification_that_is_refused(t):
    t.post("no address", SEND, {"email": "casey"}, status=400)
    t.post("nothing", SEND, {}, status=400)
    t.post("no body", SEND, status=400)
    t.post("a page of somebody else to return to", SEND,
           {"email": t.address("nobody"),
            "callbackURL": "https://evil.example"}, status=403)


def verify(t):
    casey = t.outsider("casey", verified=False)
    token = t.token_of(t.newest_link(casey.email))
    t.get("without a place to return to", f"{VERIFY}?token={token}",
          differs=VERIFIES_ONLY)
    robin = t.outsider("robin", verified=False)
    t.get("as the mail has it", t.newest_link(robin.email), status=302,
          differs=(REDIRECT, VERIFIES_ONLY))


def verify_twice(t):
    casey = t.outsider("casey", verified=False)
    token = t.token_of(t.newest_link(casey.email))
    t.verify(casey.email)
    t.get("the link is used up", f"{VERIFY}?token={token}",
          differs=Differs("link-works-once", {
              "status": 401,
              "body": {"code": "INVALID_TOKEN", "message": "invalid_token"}}))


def verify_and_return(t):
    casey = t.outsider("casey", verified=False)
    token = t.token_of(t.newest_link(casey.email))
    t.get("to a page", f"{VERIFY}?token={token}&callbackURL=%2Fwelcome%3Fa=b",
          status=302, differs=(REDIRECT, VERIFIES_ONLY))


def verify_with_a_bad_token(t):
    t.get("in words", f"{VERIFY}?token=bad", status=401)
    t.get("at the page", f"{VERIFY}?token=bad&callbackURL=%2Fwelcome",
          status=302, differs=REDIRECT)
    t.get("at a page with a query",
          f"{VERIFY}?token=bad&callbackURL=%2Fwelcome%3Fa%3Db", status=302,
          differs=REDIRECT)
    t.get("no token", VERIFY, status=400)
    t.get("not at a page of somebody else",
          f"{VERIFY}?token=bad&callbackURL=https%3A%2F%2Fevil.example",
          status=403)
