"""What two tenants have, and what each is told of the other's: the rows of ``objects`` carried out."""

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence

import msgspec
from starlette.types import ASGIApp

from tests.fakes.asgi import Answer, ask
from tests.fakes.media import png
from tests.fakes.upstream import Reply, Upstream
from tests.permissions.callers import Caller, answer_of, asked
from tests.permissions.objects import PICTURES, SPEAKING, Foreign

_FORM = "multipart/form-data; boundary=b"
_UPLOAD = (
    b'--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nvision\r\n'
    b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.png"\r\ncontent-type: image/png\r\n\r\n'
)
_REFUSED = Reply(b'{"error":{"message":"Seen.","type":"invalid_request_error","param":null,"code":"seen"}}', 400)
_HEX = re.compile(r"[0-9a-f]{30}")
_OWN_IDS = re.compile(rb"\b(?:call|req)_[0-9a-f]+")
_CHANGING = {"x-request-id", "openai-processing-ms"}

Things = dict[str, str]
"""What a tenant has: kind → id, and the words of its own links (``signature`` …)."""


class Compared(msgspec.Struct, frozen=True):
    """What another tenant was told of a thing and of one that does not exist, and its owner of the thing itself."""

    row: Foreign
    foreign: Answer
    missing: Answer
    own: Answer


async def attach(app: ASGIApp, admin: str, up: Upstream) -> None:
    """Models for everything that takes ids in bodies. Whoever gets as far as the upstream has got past us."""
    picture = Reply(json.dumps({"created": 1, "data": [{"b64_json": b64encode(png(8, 8)).decode()}]}).encode())
    up.add("/v1/images/generations", picture)
    up.add("/v1/audio/speech", Reply(b"sound", headers={"content-type": "audio/mpeg"}))
    for path in ("images/edits", "images/variations", "images/removeBackground", "moderations"):
        up.add(f"/v1/{path}", _REFUSED)
    for path in ("transcriptions", "translations"):
        up.add(f"/v1/audio/{path}", _REFUSED)
    for provider in ("openai", "recraft"):
        await asked(
            app, "POST", "/admin/v1/targets", admin, {"provider": provider, "base_url": up.base_url, "key": "k"}
        )


async def things_of(app: ASGIApp, key: str) -> Things:
    """One of each kind, made by the tenant itself."""
    headers = {"authorization": f"Bearer {key}", "content-type": _FORM}
    upload = await ask(app, "POST", "/v1/files", headers=headers, body=_UPLOAD + png(6, 6) + b"\r\n--b--\r\n")
    drawn = await asked(app, "POST", "/v1/images/generations", key, {"model": PICTURES, "prompt": "kept",
                                                                     "response_format": "url"})  # fmt: skip
    spoken = await asked(app, "POST", "/fish/v1/tts?response_format=url", key, {"text": "Hi.", "model": SPEAKING})
    picture, sound = drawn.json()["data"][0], spoken.json()["audio"].split("/")
    return {
        "file": upload.json()["id"],
        "picture": picture["id"],
        "signature": picture["url"].split("/")[-2],
        "sound": sound[-1].partition(".")[0],
        "sound_signature": sound[-2],
        "owner": sound[-3],
        "call": drawn.headers["x-request-id"],
    }


async def compared(
    app: ASGIApp, rows: Sequence[Foreign], tenant: tuple[Caller, Things], other: tuple[Caller, Things]
) -> list[Compared]:
    """Each row asked by ``other`` for the tenant's thing and for none, and, once that is done, by the tenant."""
    mine, theirs = tenant[1], other[1]
    told = []
    for row in rows:
        words = {**theirs, "owner": mine["owner"]}
        foreign = await _ask(app, row, other[0].credential, {**words, "id": mine[row.thing]})
        missing = await _ask(app, row, other[0].credential, {**words, "id": _absent(mine[row.thing])})
        told.append((row, foreign, missing))
    return [
        Compared(row, foreign, missing, await _ask(app, row, tenant[0].credential, {**mine, "id": mine[row.thing]}))
        for row, foreign, missing in sorted(told, key=lambda one: one[0].ends)
    ]


def essence(answer: Answer, words: Sequence[str]) -> tuple[int, dict[str, str], bytes]:
    """An answer without what differs from call to call, and without ``words``."""
    body = _OWN_IDS.sub(b"OURS", answer.body)
    for word in words:
        body = body.replace(word.encode(), b"IT")
    return answer.status, {name: text for name, text in answer.headers.items() if name not in _CHANGING}, body


def ids_in(compared: Compared, things: Things) -> list[str]:
    """The id that was asked for, and the one of nothing."""
    return [things[compared.row.thing], _absent(things[compared.row.thing])]


async def _ask(app: ASGIApp, row: Foreign, key: str, words: Mapping[str, str]) -> Answer:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    body = b"" if row.body is None else _filled(json.dumps(row.body), words).encode()
    return await answer_of(app, row.route.partition(" ")[0], _filled(row.path, words), headers, body)


def _filled(text: str, words: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: words.get(found[1], found[0]), text)


def _absent(name: str) -> str:
    """An id of the same kind and length that nobody has."""
    return _HEX.sub("0" * 30, name)
