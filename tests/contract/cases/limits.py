"""Too many attempts (contract 4.4). How many are too many is each server's
own; what it says then is compared."""

from differences import TOO_MANY

SIGN_IN = "/api/auth/sign-in/email"
# Without this header the reference cannot tell clients apart, and counts none.
CLIENT = "192.0.2.7"
ENOUGH = 40


def too_many_sign_ins(t):
    body = {"email": t.address("casey"), "password": "wrong horse battery"}
    for _ in range(ENOUGH):
        answer = t.send("POST", SIGN_IN, body, {"X-Forwarded-For": CLIENT})
        if answer.status == 429:
            break
    t.post("one more", SIGN_IN, body, status=429, differs=TOO_MANY,
           X_Forwarded_For=CLIENT)
