"""/v1/credentials (contract 2)."""

from answers import Differs

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def credentials(t):
    _, key = t.key_of(t.owner())
    t.rpc("none", "credentials/list", {}, key=key)
    made = t.rpc("create", "credentials/create",
                 {"name": "username", "value": "casey"}, key=key)
    name = made.json()["json"]["credential_id"]
    t.rpc("a name that is taken", "credentials/create",
          {"name": "username", "value": "robin"}, key=key, status=409)
    t.rpc("get", "credentials/get", {"name": "username"}, key=key)
    t.rpc("list", "credentials/list", {}, key=key)
    t.rpc("update the value", "credentials/update",
          {"id": name, "value": "robin"}, key=key)
    t.rpc("update the name", "credentials/update",
          {"id": name, "name": "user"}, key=key)
    t.rpc("update nothing", "credentials/update", {"id": name}, key=key)
    t.rpc("by its new name", "credentials/get", {"name": "user"}, key=key)
    t.rpc("by its old name", "credentials/get", {"name": "username"}, key=key,
          status=404)
    t.rpc("upsert what is there", "credentials/upsert",
          {"name": "user", "value": "alex"}, key=key)
    t.rpc("upsert what is not", "credentials/upsert",
          {"name": "password", "value": ""}, key=key)
    t.rpc("an empty value", "credentials/get", {"name": "password"}, key=key)
    t.rpc("delete", "credentials/delete", {"id": name}, key=key)
    t.rpc("a second time", "credentials/delete", {"id": name}, key=key,
          status=404)
    t.rpc("update what is gone", "credentials/update",
          {"id": name, "value": "x"}, key=key, status=404)


def credential_values(t):
    _, key = t.key_of(t.owner())
    for number, value in enumerate((
            "two\nlines\r\n", "\u0000", "ünïcödé ☃ 🔑", '"\\', "  padded  ",
            "x" * 60_000)):
        name = f"value_{number}"
        t.rpc(f"store {value!r:.30}", "credentials/create",
              {"name": name, "value": value}, key=key)
        t.rpc(f"read {value!r:.30}", "credentials/get", {"name": name},
              key=key)


def credential_names(t):
    _, key = t.key_of(t.owner())
    for name in ("OpenAI_Key", "openai_key", " spaces ", "ünïcödé", "a/b"):
        t.rpc(f"{name!r} is taken as it is", "credentials/create",
              {"name": name, "value": "x"}, key=key)
        t.rpc(f"{name!r} is found", "credentials/get", {"name": name},
              key=key)


def credentials_that_are_refused(t):
    _, key = t.key_of(t.owner())
    for procedure, given in (
            ("create", {}), ("create", {"name": "", "value": "x"}),
            ("create", {"name": "x"}), ("create", {"name": 1, "value": 2}),
            ("create", {"name": "x", "value": None}),
            ("get", {}), ("get", {"name": ["x"]}),
            ("update", {}), ("update", {"id": "x", "value": "y"}),
            ("update", {"id": UNKNOWN, "value": 1}),
            ("delete", {}), ("delete", {"id": "x"}),
            ("upsert", {}), ("upsert", {"name": "", "value": "x"})):
        t.rpc(f"{procedure} {given}", f"credentials/{procedure}", given,
              key=key, status=400)
    t.rpc("get of none", "credentials/get", {"name": "none"}, key=key,
          status=404)
    t.rpc("update of none", "credentials/update",
          {"id": UNKNOWN, "value": "x"}, key=key, status=404)
    t.rpc("delete of none", "credentials/delete", {"id": UNKNOWN}, key=key,
          status=404)


def credentials_of_another_organization(t):
    _, key = t.key_of(t.owner())
    _, foreign = t.key_of(t.owner("other"))
    name = t.rpc("mine", "credentials/create",
                 {"name": "username", "value": "casey"},
                 key=key).json()["json"]["credential_id"]
    t.rpc("list", "credentials/list", {}, key=foreign)
    t.rpc("get", "credentials/get", {"name": "username"}, key=foreign,
          status=404)
    t.rpc("update", "credentials/update", {"id": name, "value": "x"},
          key=foreign, status=404)
    t.rpc("delete", "credentials/delete", {"id": name}, key=foreign,
          status=404)
    t.rpc("the same name again", "credentials/create",
          {"name": "username", "value": "robin"}, key=foreign)
    t.rpc("mine is as it was", "credentials/get", {"name": "username"},
          key=key)


def credentials_without_a_good_key(t):
    owner = t.owner()
    _, unverified = t.key_of(t.owner("new", verified=False))
    t.rpc("no key", "credentials/list", {}, status=401)
    t.rpc("a cookie is none", "credentials/list", {}, by=owner, status=401)
    t.rpc("unknown", "credentials/list", {}, key="a" * 64, status=401)
    t.rpc("short", "credentials/list", {}, key="x", status=401)
    t.rpc("of an unverified account", "credentials/list", {}, key=unverified,
          status=403)
    t.rpc("bad input is not looked at", "credentials/get", {}, status=401)
    _, alone = t.key_of(t.outsider())
    t.rpc("of an account without an organisation", "credentials/list", {},
          key=alone, differs=Differs("no-organization-403", {
              "status": 403, "body": {"json": {
                  "defined": False, "code": "FORBIDDEN", "status": 403,
                  "message": "This account belongs to no organization"}}}))
