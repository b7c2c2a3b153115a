"""Who may make a browser send its cookie (contract 4.2)."""

from answers import Differs
from conversation import PASSWORD

SIGN_IN = "/api/auth/sign-in/email"
SIGN_OUT = "/api/auth/sign-out"
EVIL = "https://evil.example"


def origin_of_a_request_with_a_cookie(t):
    casey = t.outsider("casey")
    t.post("none", SIGN_OUT, by=casey, origin=None, status=403)
    t.post("null", SIGN_OUT, by=casey, origin="null", status=403)
    t.post("a stranger's", SIGN_OUT, by=casey, origin=EVIL, status=403)
    t.post("a cookie of any name will do", SIGN_OUT, cookie="theme=dark",
           origin=None, status=403)
    t.post("another port", SIGN_OUT, by=casey, origin="http://127.0.0.1:1",
           status=403)
    t.post("the same host under https", SIGN_OUT, by=casey,
           origin=t.base_url.replace("http:", "https:"), status=403)
    t.post("a name that begins with ours", SIGN_OUT, by=casey,
           origin=t.base_url + ".evil.example", status=403)
    t.get("a GET is not asked", "/api/auth/get-session", by=casey,
          origin=EVIL)
    t.post("a Referer of ours", SIGN_OUT, by=casey, origin=None,
           Referer=f"{t.base_url}/page")
    t.post("a Referer of a stranger", SIGN_OUT, by=casey, origin=None,
           Referer=f"{EVIL}/page", status=403)
    t.post("ours with a slash", SIGN_OUT, by=casey, origin=f"{t.base_url}/")
    t.post("ours", SIGN_OUT, by=casey)


def origin_of_a_request_without_a_cookie(t):
    t.post("sign-out needs none", SIGN_OUT)
    t.post("nor does a stranger's matter", SIGN_OUT, origin=EVIL)


def origin_of_a_sign_in(t):
    casey = t.outsider("casey")
    body = {"email": casey.email, "password": PASSWORD}
    t.post("neither Origin nor Sec-Fetch", SIGN_IN, body)
    t.post("Sec-Fetch-Mode without Origin", SIGN_IN, body, status=403,
           Sec_Fetch_Mode="cors")
    t.post("Sec-Fetch-Mode with a stranger's", SIGN_IN, body, origin=EVIL,
           status=403, Sec_Fetch_Mode="cors")
    t.post("Sec-Fetch-Mode with ours", SIGN_IN, body, origin=t.base_url,
           Sec_Fetch_Mode="cors")
    t.post("a stranger's without Sec-Fetch", SIGN_IN, body, origin=EVIL,
           differs=Differs("untrusted-origin-without-a-cookie", {
               "status": 403, "cookies": [],
               "body": {"code": "INVALID_ORIGIN",
                        "message": "Invalid origin"}}))


def origin_of_a_sign_up(t):
    body = {"name": "Casey", "email": t.address("casey"),
            "password": PASSWORD}
    t.post("Sec-Fetch-Mode without Origin", "/api/auth/sign-up/email", body,
           status=403, Sec_Fetch_Mode="cors")
    t.post("ours", "/api/auth/sign-up/email", body, origin=t.base_url,
           Sec_Fetch_Mode="cors")


def origin_of_a_request_with_a_key(t):
    _, key = t.key_of(t.owner())
    t.post("none is needed", "/api/auth/api-key/create", {}, key=key)
    t.post("nor does a stranger's matter", "/api/auth/api-key/create", {},
           key=key, origin=EVIL)


def origin_by_another_name_of_this_machine(t):
    casey = t.outsider("casey", verified=False)
    t.post("localhost", "/api/auth/send-verification-email",
           {"email": casey.email}, by=casey, status=403,
           origin=t.base_url.replace("127.0.0.1", "localhost"),
           differs=Differs("localhost-is-127-0-0-1", {
               "status": 200, "body": {"status": True}}))
