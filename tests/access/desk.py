"""Accounts with their routes in this process, and callers of every kind who ask them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from openhearth.accounts.keys import Keys
from openhearth.accounts.passwords import Cost, Passwords
from openhearth.accounts.rotation import open_vault
from openhearth.accounts.secrets import open_secrets
from openhearth.app.access import Access as Accounts
from openhearth.config import Access, Config, Server, Store
from openhearth.core.call import Principal
from openhearth.core.permissions import Permission
from openhearth.doors import asgi
from openhearth.relay.gate import Gate
from openhearth.stores.sql import SqlRecords
from openhearth.surfaces.http import Json, Route, known_caller
from tests.fakes.access import Limits
from tests.fakes.asgi import Answer, ask

OWN_PAGE = {"x-requested-with": "XMLHttpRequest"}


class Desk:
    """``root`` is an administrating key of root's, ``password`` root's own where it was made now."""

    def __init__(self, app: ASGIApp, records: SqlRecords, root: str, password: str) -> None:
        self.app = app
        self.records = records
        self.root = root
        self.password = password

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        cookie: str = "",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request; by root unless ``key`` or ``cookie`` says who."""
        sent = {"content-type": "application/json", **(headers or {})}
        if cookie:
            sent["cookie"] = f"theme=dark; oh_session={cookie}"
        elif key is None or key:
            sent["authorization"] = f"Bearer {self.root if key is None else key}"
        data = b"" if body is None else json.dumps(body).encode()
        return await ask(self.app, method, path, headers=sent, body=data)

    async def made(self, path: str, body: object, *, key: str | None = None) -> dict[str, Any]:
        """What a POST made."""
        answer = await self.ask("POST", path, body, key=key)
        assert answer.status in (200, 201), answer.body
        found: dict[str, Any] = answer.json()
        return found

    async def user(self, username: str, **more: object) -> dict[str, Any]:
        """A user whose password is ``password of NAME``."""
        return await self.made("/admin/v1/users", {"username": username, "password": f"password of {username}", **more})

    async def login(self, username: str, password: str = "", **headers: str) -> Answer:
        """Try to sign in."""
        body = {"username": username, "password": password or f"password of {username}"}
        return await self.ask("POST", "/v1/auth/login", body, key="", headers=headers)

    async def cookie(self, username: str, password: str = "") -> str:
        """The session of somebody who signs in."""
        answer = await self.login(username, password)
        assert answer.status == 200, answer.body
        return session_in(answer)

    async def token(self, username: str) -> str:
        """An access token."""
        headers = OWN_PAGE
        answer = await self.ask("POST", "/v1/auth/token", cookie=await self.cookie(username), headers=headers)
        return str(answer.json()["token"])

    async def who(self, key: str) -> dict[str, Any]:
        """The Principal that a key or token stands for."""
        answer = await self.ask("GET", "/v1/who", key=key)
        assert answer.status == 200, answer.body
        found: dict[str, Any] = answer.json()
        return found

    async def entries(self) -> int:
        """How many entries the audit log has."""
        newest = await self.records.audit_entries(limit=1)
        return newest[0].number if newest else 0


def session_in(answer: Answer) -> str:
    """The value of the cookie that an answer sets."""
    name, _, rest = answer.headers["set-cookie"].partition("=")
    assert name == "oh_session"
    return rest.partition(";")[0]


def code(answer: Answer) -> tuple[int, str]:
    """The status and the code of an error."""
    return answer.status, str(answer.json()["error"]["code"])


@asynccontextmanager
async def open_desk(folder: Path, access: Access | None = None, server: Server | None = None) -> AsyncIterator[Desk]:
    """Accounts on ``folder``, with passwords that cost little, and ``GET /v1/who`` for any caller."""
    config = Config(store=Store(folder=str(folder)), access=access or Access(), server=server or Server())
    secrets = open_secrets(folder)
    records = SqlRecords(f"sqlite:///{folder / 'openhearth.db'}")
    await records.open()
    keys = Keys(records, secrets.pepper_bytes())
    vault = await open_vault(secrets, records)
    accounts = Accounts(config, records, keys, vault, passwords=Passwords(Cost(1, 8, 1)))
    try:
        password = await accounts.start()
        gate = Gate(keys, Limits())
        who = Route("/v1/who", known_caller(gate, _who), methods=["GET"], permission=Permission.CALL)
        _, root = await keys.create(name="root's", is_admin=True)
        yield Desk(asgi.app([who, *accounts.routes(gate)]), records, root, password)
    finally:
        await accounts.close()
        await records.close()


async def _who(_: Request, principal: Principal) -> Response:
    return Json(msgspec.structs.asdict(principal))
