"""Differences that more than one step has."""

from answers import ABSENT, Differs

# Of every step.
EVERYWHERE = Differs("answers-are-not-stored", {"cache-control": "no-store"})

# Better Auth 1.4 answers with an empty 401.
SIGNED_OUT = Differs("signed-out-says-so", {
    "type": "application/json",
    "body": {"code": "UNAUTHORIZED", "message": "Unauthorized"}})

MALFORMED = Differs("malformed-json-400", {
    "status": 400, "type": "application/json",
    "body": {"code": "BAD_REQUEST",
             "message": "Invalid JSON in request body"}})

NO_ECHO = Differs("key-is-not-echoed", {"x-api-key": ABSENT})

REDIRECT = Differs("redirect-has-no-type", {"type": None})

VERIFIES_ONLY = Differs("verification-does-not-sign-in", {"cookies": []})

UNKNOWN_PATH = Differs("unknown-path-in-an-envelope", {
    "body": {"json": {"defined": False, "code": "NOT_FOUND", "status": 404,
                      "message": "Not Found"}}})

TOO_MANY = Differs("too-many-requests", {
    "type": "application/json", "retry-after": "<seconds>"})

CLEARED = [f"better-auth.{name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
           for name in ("session_token", "session_data", "dont_remember")]
