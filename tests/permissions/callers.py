"""Who knocks, and in which ways a key may be sent: both axes of the matrix."""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping

import msgspec
from starlette.types import ASGIApp

from openhearth.core.permissions import DEFAULT_ORG, Permission, Role, permissions
from tests.fakes.asgi import Answer, ask, calling

_NOBODY: frozenset[Permission] = frozenset({Permission.PUBLIC})
_KEY = permissions(Role.KEY, DEFAULT_ORG)
_ROOT = permissions(Role.ROOT, DEFAULT_ORG)


class Way(msgspec.Struct, frozen=True):
    """One way to send a credential: headers of it, or a query."""

    name: str
    headers: Callable[[str], dict[str, str]] = lambda _: {}
    query: str = ""


def _header(name: str) -> Way:
    return Way(name, lambda key: {name: key})


def _basic(pair: str) -> str:
    return f"Basic {b64encode(pair.encode()).decode()}"


WAYS = (
    Way("bearer", lambda key: {"authorization": f"Bearer {key}"}),
    _header("authorization"),
    _header("x-api-key"),
    _header("api-key"),
    _header("xi-api-key"),
    Way("anthropic", lambda key: {"x-api-key": key, "anthropic-version": "2023-06-01"}),
    _header("x-goog-api-key"),
    _header("x-ti-secret-code"),
    _header("x-auth-token"),
    Way("?key=", query="key={}"),
    Way("?api_key=", query="api_key={}&access_token={}"),
    Way("session", lambda key: {"cookie": f"oh_session={key}"}),
    Way("other cookies", lambda key: {"cookie": f"session={key}; api_key={key}; authorization={key}"}),
    Way("basic, as the user", lambda key: {"authorization": _basic(f"{key}:")}),
    Way("basic, as the password", lambda key: {"authorization": _basic(f"user:{key}")}),
)
KEY_WAYS = ("bearer", "authorization", "x-api-key", "api-key", "xi-api-key", "anthropic")
"""How every route takes a key."""


class Caller(msgspec.Struct, frozen=True):
    """``credential`` is what is sent, ``holds`` what it stands for. Every route takes it ``by`` these ways, and by no
    other unless its row says so; nobody sends nothing. ``is_person``: a user with an access token."""

    name: str
    credential: str
    holds: frozenset[Permission] = _NOBODY
    by: tuple[str, ...] = KEY_WAYS
    is_person: bool = False

    @property
    def is_known(self) -> bool:
        return self.holds != _NOBODY


_ACME = "org_acme"
_PEOPLE = ((Role.MEMBER, DEFAULT_ORG), (Role.MEMBER, _ACME), (Role.ADMIN, _ACME), (Role.ADMIN, DEFAULT_ORG))


async def callers(app: ASGIApp, admin: str) -> list[Caller]:
    """Everybody who tries every route. ``other`` belongs to another tenant than ``plain``, who owns what there is."""
    _, expired = await new_key(app, admin, "expired", expires_in_s=0)
    disabled_id, disabled = await new_key(app, admin, "disabled")
    await asked(app, "POST", f"/admin/v1/keys/{disabled_id}/disable", admin)
    await asked(app, "POST", "/admin/v1/orgs", admin, {"name": "Acme", "id": _ACME})
    return [
        Caller("nobody", ""),
        Caller("wrong", f"sk-oh-{'w' * 43}"),
        Caller("expired", expired),
        Caller("disabled", disabled),
        Caller("other", (await new_key(app, admin, "other", owner="tenant_b"))[1], _KEY),
        Caller("plain", (await new_key(app, admin, "plain", owner="tenant_a"))[1], _KEY),
        Caller("admin", admin, _ROOT),
        *[await _person(app, admin, role, org_id) for role, org_id in _PEOPLE],
    ]


async def _person(app: ASGIApp, admin: str, role: Role, org_id: str) -> Caller:
    """Somebody with an access token, which is sent as a key is."""
    name = f"{role}_of_{org_id}"
    made = await asked(app, "POST", "/admin/v1/users", admin, {"username": name, "role": role, "org": org_id})
    signed = await ask(
        app, "POST", "/v1/auth/login", headers={"content-type": "application/json"},
        body=json.dumps({"username": name, "password": made.json()["password"]}).encode(),
    )  # fmt: skip
    cookie = signed.headers["set-cookie"].partition(";")[0]
    token = await ask(app, "POST", "/v1/auth/token", headers={"cookie": cookie, "x-requested-with": "tests"})
    return Caller(name, token.json()["token"], permissions(role, org_id), is_person=True)


async def new_key(app: ASGIApp, admin: str, name: str, **more: object) -> tuple[str, str]:
    """The id and the text of a new key."""
    made = (await asked(app, "POST", "/admin/v1/keys", admin, {"name": name, **more})).json()
    return made["id"], made["key"]


async def asked(app: ASGIApp, method: str, path: str, key: str, body: object = None) -> Answer:
    """One call that must succeed, with a bearer key and a JSON body."""
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    answer = await ask(app, method, path, headers=headers, body=b"" if body is None else json.dumps(body).encode())
    assert answer.status < 300, (method, path, answer.status, answer.body)
    return answer


async def answer_of(app: ASGIApp, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """What a client gets, also where the route has a bug: the app answers 500 and then tells the server of it."""
    async with calling(app, method, path, headers=headers, body=body) as caller:
        try:
            return await caller.end()
        except TimeoutError:
            raise
        except Exception:
            if not caller.answer.complete:
                raise
            return caller.answer
