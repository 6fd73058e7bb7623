"""The whole platform in this process, with an upstream of the test's, and scripts of New API's against it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import msgspec
from starlette.types import ASGIApp

from openhearth.app.platform import Platform, platform
from openhearth.config import Access, Config, Engines, Fetch, Prices, Store
from tests.fakes.upstream import Upstream
from tests.newapi.client import UNIT, Client

ROOT = 1
PASSWORD = "a password of twelve"


class Running(msgspec.Struct):
    """``root`` is root's script, by the first key."""

    platform: Platform
    up: Upstream
    root: Client

    @property
    def app(self) -> ASGIApp:
        return self.platform.app

    async def user(self, name: str, *, dollars: int = 10, role: int = 1) -> Client:
        """A new user's script, by an access token of their own."""
        made = await self.root.post(
            "/api/user/", {"username": name, "password": PASSWORD, "role": role, "quota": dollars * UNIT}
        )
        return await self.signed_in(name, made["id"])

    async def signed_in(self, name: str, number: int) -> Client:
        """Sign in with the password, then go on with an access token, as scripts do."""
        login = Client(self.app)
        answer = await login.raw("POST", "/api/user/login", {"username": name, "password": PASSWORD})
        assert answer.json()["success"], answer.body
        login.headers |= {"cookie": answer.headers["set-cookie"].partition(";")[0], "new-api-user": str(number)}
        return Client(self.app, await login.get("/api/user/token"), number)


@asynccontextmanager
async def serving(folder: Path, *, registration: bool | Literal["option"] = False) -> AsyncIterator[Running]:
    """One platform on an empty folder."""
    config = Config(
        store=Store(folder=str(folder)),
        engines=Engines(enabled=False),
        prices=Prices(seed=False),
        access=Access(registration=registration),
        fetch=Fetch(allow_private=("127.0.0.1",)),
    )
    async with Upstream() as up, platform(config, {}) as built:
        yield Running(built, up, Client(built.app, built.first_key, ROOT))


async def attach(running: Running, models: str = "gpt-4o", dollars_a_call: str = "0.01") -> int:
    """A channel to the upstream, its models at a price by the call; its number."""
    channel = await running.root.post(
        "/api/channel/",
        {"mode": "single", "channel": {"name": "up", "type": 1, "key": "sk-up", "base_url": running.up.url,
                                       "models": models, "groups": ["default"]}},
    )  # fmt: skip
    prices = ",".join(f'"{name}":{dollars_a_call}' for name in models.split(","))
    await running.root.put("/api/option/", {"key": "ModelPrice", "value": f"{{{prices}}}"})
    return int(channel["id"])


async def chat(running: Running, key: str, model: str = "gpt-4o") -> int:
    """One call of a model with an API key; the status."""
    caller = Client(running.app, f"Bearer {key}")
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
    return (await caller.raw("POST", "/v1/chat/completions", body)).status
