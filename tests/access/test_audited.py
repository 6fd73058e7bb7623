"""Every administrative write makes exactly one entry of the audit log, and no secret is in any of them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openhearth.app.platform import platform
from openhearth.config import Config, Engines, Store
from openhearth.core.permissions import Permission
from openhearth.stores.sql import SqlRecords
from openhearth.surfaces.http import Route
from tests.access.writes import NO_WRITES, WRITES, Write
from tests.fakes.asgi import Answer, ask

WRITING = frozenset({Permission.ACCOUNT, Permission.ADMIN, Permission.OPERATE, Permission.ROOT})
PASSWORD = "canary-password-7f3a"
CREDENTIAL = "sk-canary-upstream-91bc"


class Office:
    """A whole platform, and root."""

    def __init__(self, app: Any, routes: list[Any], records: SqlRecords, key: str) -> None:
        self.app = app
        self.routes: list[Route] = routes
        self.records = records
        self.key = key
        self.known: dict[str, str] = {}

    async def ask(self, method: str, path: str, body: object = None) -> Answer:
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        data = b"" if body is None else msgspec.json.encode(body)
        return await ask(self.app, method, path, headers=headers, body=data)

    async def write(self, write: Write) -> Answer:
        """One write, with the ids of what is there in place of their names."""
        path = write.path
        for name, value in self.known.items():
            path = path.replace(f"<{name}>", value)
        return await self.ask(write.method, path, write.body)

    async def keep(self, name: str) -> None:
        """Make something of this kind, and remember its id."""
        made = await self.ask("POST", *MADE[name])
        assert made.status == 201, made.body
        self.known[name] = made.json().get("id") or made.json()["name"]

    async def entries(self) -> int:
        newest = await self.records.audit_entries(limit=1)
        return newest[0].number if newest else 0


MADE: dict[str, tuple[str, dict[str, object]]] = {
    "key": ("/admin/v1/keys", {"name": "made"}),
    "user": ("/admin/v1/users", {"username": "made", "password": PASSWORD}),
    "org": ("/admin/v1/orgs", {"name": "made"}),
    "project": ("/admin/v1/projects", {"name": "made"}),
    "group": ("/admin/v1/groups", {"name": "made"}),
    "target": ("/admin/v1/targets", {"base_url": "http://127.0.0.1:9/v1", "model": "made", "key": CREDENTIAL}),
}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    config = Config(store=Store(folder=str(tmp_path / "data")), engines=Engines(enabled=False))
    records = SqlRecords(f"sqlite:///{tmp_path / 'data' / 'openhearth.db'}")
    async with platform(config, {}) as built:
        try:
            yield Office(built.app, built.routes, records, built.first_key)
        finally:
            await records.close()


async def test_every_write_makes_one_entry(office: Office) -> None:
    wrong = []
    for write in WRITES:
        for name in write.before:
            await office.keep(name)
        before = await office.entries()
        answer = await office.write(write)
        made = await office.entries() - before
        if answer.status >= 300 or made != 1:
            wrong.append(f"{write.method} {write.path}: {answer.status}, {made} entries {answer.body[:200]!r}")
    assert wrong == []
    assert await office.records.check_audit() is None
    written = msgspec.json.encode(await office.records.audit_entries(limit=1000))
    for secret in (PASSWORD, CREDENTIAL, office.key):
        assert secret.encode() not in written
    assert written.count(b'"password":"set"') > 1


async def test_no_write_is_without_a_row(office: Office) -> None:
    declared = {
        f"{method} {route.path}"
        for route in office.routes
        if route.permission in WRITING
        for method in route.methods or ()
        if method not in ("GET", "HEAD")
    }
    rows = {write.route for write in WRITES} | set(NO_WRITES)
    assert sorted(declared - rows) == [], "Put these into tests/access/writes.py."
    assert sorted(rows - declared) == []


async def test_a_write_that_is_refused_makes_none(office: Office) -> None:
    before = await office.entries()
    for method, path, body in (
        ("POST", "/admin/v1/users", {"username": "root"}),
        ("POST", "/admin/v1/keys", {"name": ""}),
        ("PATCH", "/admin/v1/keys/key_none", {"rpm": 1}),
        ("DELETE", "/admin/v1/users/user_root", None),
        ("DELETE", "/admin/v1/targets/target_none", None),
        ("POST", "/admin/v1/prices", {"model": "m"}),
    ):
        assert (await office.ask(method, path, body)).status >= 400
    assert await office.entries() == before
