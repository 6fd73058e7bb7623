"""Every route that leads to a model is moderated for a key that is held to it, before and after, or says why not."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.types import ASGIApp

from openhearth.app.platform import platform
from openhearth.config import Config, Engines, Moderation, Store
from openhearth.core.permissions import Permission
from tests.fakes.asgi import Answer, ask
from tests.fakes.upstream import Upstream
from tests.moderation.vendors import GUARD, Vendors, attach
from tests.moderation.ways import HARMLESS, NO_MODEL, VILE, VILE_SIGHT, VILE_WORDS, WAYS, Given, Sent, Way
from tests.permissions.callers import asked, new_key
from tests.permissions.families import COHERE, ELEVENLABS, FISH, TEXTIN, Family
from tests.permissions.matrix import named


class Try(msgspec.Struct, frozen=True):
    """One call: who, what was sent, what came back, which models' paths were asked, and the charge in US dollars."""

    screens: str
    what: Given
    number: int
    answer: Answer
    asked: list[str]
    charge: float
    is_made_vile: bool


class Seen(msgspec.Struct):
    """The routes that a key opens, and all that was tried on each."""

    routes: set[str]
    tries: dict[str, list[Try]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return asyncio.run(_see(tmp_path_factory.mktemp("moderation")))


async def _see(folder: Path) -> Seen:
    config = Config(store=Store(folder=str(folder)), engines=Engines(enabled=False), moderation=Moderation(model=GUARD))
    async with Upstream() as up, platform(config, {}) as built:
        vendors = Vendors(up)
        await attach(built.app, built.first_key, up)
        keys = {
            screens: (await new_key(built.app, built.first_key, screens, moderate=screens))[1]
            for screens in ("off", "input", "output", "both")
        }
        routes = {name for name, route in named(built.routes).items() if route.permission is Permission.CALL}
        tries = {name: await _tried(built.app, keys, way, vendors) for name, way in WAYS.items() if name in routes}
    return Seen(routes, tries)


async def _tried(app: ASGIApp, keys: dict[str, str], way: Way, vendors: Vendors) -> list[Try]:
    found = []

    async def one(screens: str, number: int, what: Given, sent: Sent, *, is_made_vile: bool = False) -> None:
        vendors.say(is_vile=is_made_vile)
        vendors.asked()
        answer = await _sent(app, keys[screens], sent)
        asked_there = vendors.asked()
        charge = await _charge(app, keys[screens], answer)
        found.append(Try(screens, what, number, answer, asked_there, charge, is_made_vile))

    for number, request in enumerate(way.before if isinstance(way.before, tuple) else ()):
        for what in (VILE_WORDS, VILE_SIGHT):
            if request(what) != request(HARMLESS):
                for screens in ("off", "input", "output"):
                    await one(screens, number, what, request(what))
        await one("both", number, HARMLESS, request(HARMLESS))
    for number, request in enumerate(way.after if isinstance(way.after, tuple) else ()):
        for screens in ("off", "input", "output"):
            await one(screens, number, HARMLESS, request(HARMLESS), is_made_vile=True)
        await one("both", number, HARMLESS, request(HARMLESS))
    return found


async def _sent(app: ASGIApp, key: str, sent: Sent) -> Answer:
    path, body = sent
    packed = isinstance(body, bytes)
    headers = {
        "authorization": f"Bearer {key}",
        "content-type": "application/msgpack" if packed else "application/json",
    }
    method = "GET" if body is None else "POST"
    data = body if packed else b"" if body is None else json.dumps(body).encode()
    return await ask(app, method, path, headers=headers, body=data)


async def _charge(app: ASGIApp, key: str, answer: Answer) -> float:
    call = answer.headers.get("x-request-id", "")
    if not call.startswith("call_"):
        return 0.0
    told = await asked(app, "GET", f"/v1/generation?id={call}", key)
    return float(told.json()["data"]["total_cost"])


def test_every_route_is_looked_at_or_says_why_not(seen: Seen) -> None:
    assert seen.routes == WAYS.keys() | NO_MODEL.keys(), "A new route needs a row in tests/moderation/ways.py."
    assert not WAYS.keys() & NO_MODEL.keys()
    reasons = [*NO_MODEL.values(), *(one for way in WAYS.values() for one in (way.before, way.after))]
    assert all(reasons)


@pytest.mark.parametrize("route", WAYS)
def test_what_is_flagged_before_asks_nobody_and_costs_nothing(seen: Seen, route: str) -> None:
    tries = [one for one in seen.tries[route] if one.what is not HARMLESS]
    assert bool(tries) == isinstance(WAYS[route].before, tuple)
    for one in tries:
        if one.screens == "input":
            assert _is_flagged(one, WAYS[route].family), _said(one)
            assert (one.asked, one.charge) == ([], 0.0), _said(one)
        else:
            assert one.answer.status == 200, _said(one)
            assert len(one.asked) == 1, _said(one)


@pytest.mark.parametrize("route", WAYS)
def test_what_is_flagged_after_is_withheld_and_charged(seen: Seen, route: str) -> None:
    tries = [one for one in seen.tries[route] if one.is_made_vile]
    assert bool(tries) == isinstance(WAYS[route].after, tuple)
    for one in tries:
        assert one.asked, _said(one)
        if one.screens == "output":
            assert _is_flagged(one, WAYS[route].family), _said(one)
            assert VILE.encode() not in one.answer.body
            assert one.charge > 0, _said(one)
        else:
            assert one.answer.status == 200, _said(one)
            assert one.charge > 0, _said(one)


@pytest.mark.parametrize("route", WAYS)
def test_what_is_harmless_passes_both(seen: Seen, route: str) -> None:
    for one in seen.tries[route]:
        if one.screens == "both":
            assert one.answer.status == 200, _said(one)
            assert one.charge > 0, _said(one)


def _is_flagged(one: Try, family: Family) -> bool:
    """400 ``content_flagged`` in the family's own form."""
    answer = one.answer
    if answer.status != 400 or not answer.headers["content-type"].startswith("application/json"):
        return False
    body: dict[str, Any] = answer.json()
    if family is FISH:
        return (set(body), body["code"]) == ({"status", "message", "code", "param"}, "content_flagged")
    if family is ELEVENLABS:
        return (set(body), body["detail"]["status"]) == ({"detail"}, "content_flagged")
    if family is TEXTIN:
        return (body["code"], body["error"], body["result"]) == (40004, "content_flagged", {})
    if family is COHERE:
        return (set(body), body["code"]) == ({"message", "code", "param"}, "content_flagged")
    return (set(body["error"]), body["error"]["code"]) == ({"message", "type", "param", "code"}, "content_flagged")


def _said(one: Try) -> str:
    what = "words" if one.what is VILE_WORDS else "sight" if one.what is VILE_SIGHT else "harmless"
    body = one.answer.body[:300]
    return f"{one.screens} {what} #{one.number} vile={one.is_made_vile}: {one.answer.status} {body!r} {one.asked}"
