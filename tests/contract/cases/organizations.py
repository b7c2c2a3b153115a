"""Organisations (contract 4.3)."""

LIST = "/api/auth/organization/list"


def list_organizations(t):
    t.get("none", LIST, by=t.outsider())
    t.get("one's own", LIST, by=t.owner())
