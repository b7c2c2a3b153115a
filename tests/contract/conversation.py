"""What a case speaks with: one server, asked step by step.

A case is a function of a Conversation. It is run once against each server, and
every answer is written down; http_test.py compares what the two have written.
"""

import http.client
import json
import typing
import urllib.parse
import zlib

from answers import Answer, Differs, Volatile

PASSWORD = "correct horse battery"


class Step(typing.NamedTuple):
    what: str
    expected: int  # the reference's status
    differences: tuple  # of Differs
    answer: dict


class Person(typing.NamedTuple):
    email: str
    user_id: str
    cookie: str
    organization_id: str | None
    slug: str | None


class Conversation:

    def __init__(self, cloud, name):
        self.cloud = cloud
        self.name = name
        self.base_url = cloud.base_url or cloud.url
        # Each case is a client of its own, so that no limit on how often one
        # may ask reaches from one case into another.
        number = zlib.crc32(name.encode())
        self.client = ".".join(map(str, (127, *number.to_bytes(4, "big")[1:])))
        self.volatile = Volatile(self.base_url)
        self.steps = []

    # Asking.

    def send(self, method, path, body=None, headers=None):
        """One request on a connection of its own; nothing is written down."""
        headers = {name: value for name, value in (headers or {}).items()
                   if value is not None}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        at = urllib.parse.urlsplit(self.cloud.url)
        connection = http.client.HTTPConnection(
            at.hostname, at.port, timeout=30, source_address=(self.client, 0))
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return Answer(reply.status,
                          [(name.lower(), value)
                           for name, value in reply.getheaders()],
                          reply.read())
        finally:
            connection.close()

    def ask(self, what, method, path, body=None, *, status=200, by=None,
            key=None, cookie=None, origin=True, differs=(), **headers):
        """A step of the case.

        `by`: a Person, who sends the cookie; `key`: an API key that is sent.
        With a cookie the Origin is the server's own unless it is given.
        """
        cookie = by.cookie if by else cookie
        if origin is True:
            origin = self.base_url if cookie else None
        sent = {"Cookie": cookie, "x-api-key": key, "Origin": origin}
        sent.update({name.replace("_", "-"): value
                     for name, value in headers.items()})
        answer = self.send(method, path, body, sent)
        differs = (differs,) if isinstance(differs, Differs) else differs
        self.steps.append(Step(what, status, tuple(differs),
                               answer.comparable(self.volatile)))
        return answer

    def get(self, what, path, **more):
        return self.ask(what, "GET", path, **more)

    def post(self, what, path, body=None, **more):
        return self.ask(what, "POST", path, body, **more)

    def rpc(self, what, procedure, given=None, **more):
        """POST /v1/<procedure> with the input in its envelope."""
        body = {} if given is None else {"json": given}
        return self.ask(what, "POST", f"/v1/{procedure}", body, **more)

    # What a case needs before it begins. None of this is compared.

    def must(self, method, path, body=None, **headers):
        answer = self.send(method, path, body,
                           {name.replace("_", "-"): value
                            for name, value in headers.items()})
        if answer.status not in (200, 302):
            raise AssertionError(f"{self.name}: {method} {path} was answered "
                                 f"with {answer.status}: {answer.body}")
        return answer

    def address(self, who):
        return f"{who}.{self.name}@example.test".replace("_", "-")

    def slug(self, who):
        return f"{who}-{self.name}".replace("_", "-")

    def owner(self, who="owner", verified=True):
        """Somebody with an organisation."""
        body = {"name": who.title(), "email": self.address(who),
                "password": PASSWORD, "organizationName": f"{who.title()} Inc",
                "organizationSlug": self.slug(who),
                "debugNotificationEmail": self.address(who)}
        made = self.must("POST", "/v1/auth/signupAndCreateOrg",
                         {"json": body}).json()["json"]
        if verified:
            self.verify(made["email"])
        cookie = "; ".join(line.split(";")[0] for line in made["setCookie"])
        return Person(made["email"], made["userId"], cookie,
                      made["organizationId"], made["organizationSlug"])

    def outsider(self, who="outsider", verified=True):
        """Somebody without one."""
        answer = self.must("POST", "/api/auth/sign-up/email",
                           {"name": who.title(), "email": self.address(who),
                            "password": PASSWORD})
        user = answer.json()["user"]
        if verified:
            self.verify(user["email"])
        return Person(user["email"], user["id"], answer.cookie_header(), None,
                      None)

    def member(self, of, who="member", role="member"):
        """Somebody whom `of` has invited, and who has accepted."""
        person = self.outsider(who)
        invitation = self.must(
            "POST", "/api/auth/organization/invite-member",
            {"email": person.email, "role": role,
             "organizationId": of.organization_id},
            Cookie=of.cookie, Origin=self.base_url).json()["id"]
        self.must("POST", "/api/auth/organization/accept-invitation",
                  {"invitationId": invitation}, Cookie=person.cookie,
                  Origin=self.base_url)
        return person._replace(organization_id=of.organization_id,
                               slug=of.slug)

    def key_of(self, person, **settings):
        """(id, text) of a new API key."""
        made = self.must("POST", "/api/auth/api-key/create", settings or {},
                         Cookie=person.cookie, Origin=self.base_url).json()
        return made["id"], made["key"]

    def sign_in(self, person):
        """A second session of the same person."""
        answer = self.must("POST", "/api/auth/sign-in/email",
                           {"email": person.email, "password": PASSWORD})
        return person._replace(cookie=answer.cookie_header())

    def newest_link(self, address):
        """The link in the newest mail to somebody, without the host."""
        mail = [mail for mail in self.cloud.mails() if mail.to == address][-1]
        return mail.link().removeprefix(self.base_url)

    def token_of(self, link):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)
        if "token" in query:
            return query["token"][0]
        return urllib.parse.urlsplit(link).path.rpartition("/")[2]

    def verify(self, address):
        self.must("GET", self.newest_link(address))
