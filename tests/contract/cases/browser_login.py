"""The command line's login through the browser (contract 6.1)."""

CREATE = "auth/cliLoginCreate"
POLL = "auth/cliLoginPoll"
APPROVE = "auth/cliLoginApprove"


def _request_of(answer):
    given = answer.json()["json"]
    return {"requestId": given["requestId"], "secret": given["secret"]}


def browser_login(t):
    owner = t.owner()
    given = _request_of(t.rpc("a request", CREATE, {}))
    t.rpc("is pending", POLL, given)
    t.rpc("with another secret it is unknown", POLL,
          {**given, "secret": "x" * 43}, status=404)
    t.rpc("approving it takes a session", APPROVE, given, status=401)
    t.rpc("approving it takes the secret", APPROVE,
          {**given, "secret": "x" * 43}, by=owner, status=404)
    t.rpc("approved", APPROVE, given, by=owner)
    approved = t.rpc("is handed out", POLL, given).json()["json"]
    t.get("and it is a session", "/api/auth/get-session",
          cookie=approved["cookieHeader"])
    t.rpc("once", POLL, given, status=404)


def browser_login_of_an_unverified_account(t):
    owner = t.owner(verified=False)
    given = _request_of(t.rpc("a request", CREATE, {}))
    t.rpc("is not approved", APPROVE, given, by=owner)
    t.rpc("it stays pending", POLL, given)


def browser_login_that_is_refused(t):
    t.rpc("an unknown request", POLL,
          {"requestId": "00000000-0000-4000-8000-000000000000",
           "secret": "x" * 43}, status=404)
    t.rpc("an id that is none", POLL, {"requestId": "x", "secret": "x"},
          status=400)
    t.rpc("nothing", POLL, {}, status=400)
