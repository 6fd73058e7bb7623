"""The Files API, by OpenAI's own client over a socket and byte by byte in process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import openai
import pytest
import uvicorn
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message

from openhearth.accounts.keys import Keys
from openhearth.accounts.ledger import Ledger
from openhearth.accounts.limits import Limits
from openhearth.config import Limits as Bounds
from openhearth.doors import asgi
from openhearth.files.library import Library
from openhearth.relay.gate import Gate
from openhearth.stores.blobs.local import LocalBlobs
from openhearth.stores.shared.memory import MemoryCounters
from openhearth.stores.sql import SqlRecords
from openhearth.surfaces.openai import files
from tests.fakes.asgi import Answer, ask
from tests.fakes.serving import port_of, serving

BOUNDS = Bounds(upload_bytes=3_000_000, body_s=0.2)
BOUNDARY = "XyZ"
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


class Place(msgspec.Struct):
    """The files surface over real stores, and two keys of different owners."""

    app: ASGIApp
    folder: Path
    anna: str
    bert: str

    async def ask(
        self, method: str, path: str, body: bytes = b"", key: str = "", headers: dict[str, str] | None = None
    ) -> Answer:
        given = {"authorization": f"Bearer {key or self.anna}", **(headers or {})}
        return await ask(self.app, method, path, headers=given, body=body)

    async def upload(self, *parts: bytes, key: str = "") -> Answer:
        return await self.ask("POST", "/v1/files", b"".join(parts) + b"--XyZ--\r\n", key, FORM)

    def kept(self) -> int:
        return sum(path.is_file() for path in self.folder.rglob("*"))


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    records = SqlRecords(f"sqlite:///{tmp_path / 'records.db'}")
    await records.open()
    blobs = LocalBlobs(tmp_path / "blobs")
    await blobs.open()
    keys = Keys(records, b"p" * 32)
    gate = Gate(keys, Limits(MemoryCounters(), Ledger(records, boot_id="boot_1", folder=tmp_path)))
    app = asgi.app(files.routes(Library(records, blobs), gate, BOUNDS))
    texts = [(await keys.create(name=name))[1] for name in ("anna", "bert")]
    yield Place(app, tmp_path / "blobs", *texts)
    await records.close()


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """``app`` on a port of this machine."""
    config = uvicorn.Config(app, port=0, lifespan="off", log_config=None, access_log=False)
    async with serving(config) as server:
        yield f"http://127.0.0.1:{port_of(server)}"


def field(name: str, value: str) -> bytes:
    return f'--XyZ\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def file(data: bytes, name: str = "a.txt", mime: str = "text/plain", part: str = "file") -> bytes:
    head = f'--XyZ\r\nContent-Disposition: form-data; name="{part}"; filename="{name}"\r\nContent-Type: {mime}\r\n\r\n'
    return head.encode() + data + b"\r\n"


async def test_the_official_client_does_the_whole_round(place: Place) -> None:
    async with served(place.app) as url, openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=place.anna) as client:
        data = b'{"custom_id": "1"}\n' * 60_000
        made = await client.files.create(file=("数据 1.jsonl", data), purpose="batch")
        assert made.object == "file"
        assert (made.bytes, made.filename, made.purpose, made.status) == (
            len(data),
            "数据 1.jsonl",
            "batch",
            "processed",
        )
        assert made.expires_at == made.created_at + 30 * 24 * 3600
        assert await client.files.retrieve(made.id) == made
        assert (await client.files.content(made.id)).content == data
        other = await client.files.create(
            file=("b.txt", b"x"), purpose="user_data", expires_after={"anchor": "created_at", "seconds": 3600}
        )
        assert other.expires_at == other.created_at + 3600
        assert [one.id async for one in client.files.list(limit=1)] == [other.id, made.id]
        assert [one.id async for one in client.files.list(limit=1, order="asc")] == [made.id, other.id]
        assert [one.id async for one in client.files.list(purpose="batch")] == [made.id]
        gone = await client.files.delete(made.id)
        assert (gone.id, gone.object, gone.deleted) == (made.id, "file", True)
        with pytest.raises(openai.NotFoundError) as caught:
            await client.files.retrieve(made.id)
        assert caught.value.code == "file_not_found"
        with pytest.raises(openai.AuthenticationError):
            await client.with_options(api_key="sk-oh-wrong").files.list()


async def test_every_file_can_be_deleted_while_listing(place: Place) -> None:
    async with served(place.app) as url, openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=place.anna) as client:
        for number in range(5):
            await client.files.create(file=("a.txt", b"%d" % number), purpose="user_data")
        async for one in client.files.list():
            await client.files.delete(one.id)
        assert (await client.files.list()).data == []
    assert place.kept() == 0


async def test_the_objects_have_the_published_fields(place: Place) -> None:
    made = (await place.upload(field("purpose", "vision"), file(b"\x89PNG\r\n\x1a\n", "猫.png"))).json()
    assert set(made) == {
        "id", "object", "bytes", "created_at", "expires_at", "filename", "purpose", "status", "status_details",
    }  # fmt: skip
    assert made["id"].startswith("file_")
    assert isinstance(made["created_at"], int)
    assert made["expires_at"] is None
    listed = (await place.ask("GET", "/v1/files")).json()
    assert listed == {
        "object": "list", "data": [made], "first_id": made["id"], "last_id": made["id"], "has_more": False,
    }  # fmt: skip
    empty = (await place.ask("GET", "/v1/files", key=place.bert)).json()
    assert empty == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


async def test_the_file_may_come_before_its_purpose(place: Place) -> None:
    answer = await place.upload(file(b"first"), field("purpose", "user_data"))
    assert answer.status == 200
    assert answer.json()["purpose"] == "user_data"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("rest", ["", "/content"])
async def test_another_owners_file_answers_like_a_missing_one(place: Place, method: str, rest: str) -> None:
    file_id = (await place.upload(field("purpose", "batch"), file(b"secret"))).json()["id"]
    foreign = await place.ask(method, f"/v1/files/{file_id}{rest}", key=place.bert)
    missing = await place.ask(method, f"/v1/files/file_{'a' * 30}{rest}", key=place.bert)
    assert foreign.status == missing.status == (405 if (method, rest) == ("DELETE", "/content") else 404)
    if foreign.status == 404:
        assert foreign.json()["error"]["code"] == "file_not_found"
    assert foreign.body.replace(file_id.encode(), b"file_" + b"a" * 30) == missing.body
    assert (await place.ask("GET", f"/v1/files/{file_id}/content")).body == b"secret"
    listed = await place.ask("GET", f"/v1/files?after={file_id}", key=place.bert)
    assert listed.status == 404


@pytest.mark.parametrize(
    "method_and_path",
    ["POST /v1/files", "GET /v1/files", "GET /v1/files/x", "DELETE /v1/files/x", "GET /v1/files/x/content"],
)
@pytest.mark.parametrize("key", ["Bearer sk-oh-wrong", "", "Basic YTpi"])
async def test_no_route_answers_without_a_key(place: Place, method_and_path: str, key: str) -> None:
    method, path = method_and_path.split(" ")
    answer = await place.ask(method, path, headers={"authorization": key})
    assert answer.status == 401
    assert "sk-oh-wrong" not in answer.body.decode()


PURPOSE = field("purpose", "batch")
ANCHOR = field("expires_after[anchor]", "created_at")


@pytest.mark.parametrize(
    ("parts", "status", "param"),
    [
        ([file(b"x")], 400, "purpose"),
        ([PURPOSE], 400, "file"),
        ([field("purpose", "nonsense"), file(b"x")], 400, "purpose"),
        ([PURPOSE, field("file", "text")], 400, "file"),
        ([PURPOSE, file(b"x"), file(b"y")], 400, "file"),
        ([PURPOSE, field("purpose", "vision"), file(b"x")], 400, "purpose"),
        ([PURPOSE, file(b"x", part="image")], 400, "image"),
        ([PURPOSE, file(bytes(3_000_001))], 413, "file"),
        ([PURPOSE, field("note", "x" * 1_100_000), file(b"x")], 413, "note"),
        ([PURPOSE, field("expires_after[seconds]", "3600"), file(b"x")], 400, "expires_after[anchor]"),
        ([PURPOSE, ANCHOR, file(b"x")], 400, "expires_after[seconds]"),
        ([PURPOSE, ANCHOR, field("expires_after[seconds]", "3599"), file(b"x")], 400, "expires_after[seconds]"),
        ([PURPOSE, ANCHOR, field("expires_after[seconds]", "1e5"), file(b"x")], 400, "expires_after[seconds]"),
    ],
)
async def test_a_wrong_form_is_refused_by_name_and_leaves_nothing(
    place: Place, parts: list[bytes], status: int, param: str
) -> None:
    answer = await place.upload(*parts)
    assert (answer.status, answer.json()["error"]["param"]) == (status, param)
    assert place.kept() == 0


async def test_a_file_of_exactly_the_limit_is_taken(place: Place) -> None:
    answer = await place.upload(field("purpose", "batch"), file(bytes(3_000_000)))
    assert answer.json()["bytes"] == 3_000_000


async def test_a_declared_length_beyond_the_limit_is_refused_unread(place: Place) -> None:
    answer = await place.ask("POST", "/v1/files", headers={**FORM, "content-length": "999999999"})
    assert answer.status == 413


async def test_other_bodies_are_415_and_cut_off_ones_400(place: Place) -> None:
    assert (await place.ask("POST", "/v1/files", b"{}", headers={"content-type": "application/json"})).status == 415
    cut = await place.ask("POST", "/v1/files", field("purpose", "batch") + file(b"half")[:-3], headers=FORM)
    assert (cut.status, cut.json()["error"]["code"]) == (400, "invalid_multipart")
    assert place.kept() == 0


async def test_an_unknown_field_is_said_and_not_swallowed(place: Place) -> None:
    answer = await place.upload(field("purpose", "batch"), field("métadata", "1"), file(b"x"))
    assert answer.status == 200
    assert answer.headers["x-openhearth-dropped"] == "m%C3%A9tadata"


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=10001", "limit=x", "limit=-1", "order=up", "limit=99999999999999999999999"]
)
async def test_a_wrong_page_is_refused(place: Place, query: str) -> None:
    assert (await place.ask("GET", f"/v1/files?{query}")).status == 400


async def test_pages_follow_each_other(place: Place) -> None:
    made = [(await place.upload(field("purpose", "batch"), file(b"%d" % n))).json()["id"] for n in range(5)]
    first = (await place.ask("GET", "/v1/files?limit=2")).json()
    assert ([one["id"] for one in first["data"]], first["has_more"]) == ([made[4], made[3]], True)
    last = (await place.ask("GET", f"/v1/files?limit=3&after={first['last_id']}")).json()
    assert ([one["id"] for one in last["data"]], last["has_more"]) == (made[2::-1], False)
    assert (await place.ask("GET", "/v1/files?after=file_none")).status == 404


@pytest.mark.parametrize(
    ("asked", "status", "body", "said"),
    [
        ("", 200, b"0123456789", ""),
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-4", 206, b"6789", "bytes 6-9/10"),
        ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=9-9", 206, b"9", "bytes 9-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=3-1", 200, b"0123456789", ""),
        ("bytes=0-1,3-4", 200, b"0123456789", ""),
        ("bytes=-", 200, b"0123456789", ""),
        ("lines=0-1", 200, b"0123456789", ""),
        ("bytes=" + "9" * 30 + "-", 200, b"0123456789", ""),
    ],
)
async def test_ranges(place: Place, asked: str, status: int, body: bytes, said: str) -> None:
    file_id = (await place.upload(field("purpose", "batch"), file(b"0123456789"))).json()["id"]
    answer = await place.ask("GET", f"/v1/files/{file_id}/content", headers={"range": asked} if asked else {})
    assert (answer.status, answer.body, answer.headers.get("content-range", "")) == (status, body, said)
    assert answer.headers["content-length"] == str(len(body))


async def test_a_range_of_another_version_is_the_whole_file(place: Place) -> None:
    file_id = (await place.upload(field("purpose", "batch"), file(b"0123456789"))).json()["id"]
    path = f"/v1/files/{file_id}/content"
    etag = (await place.ask("GET", path)).headers["etag"]
    assert (await place.ask("GET", path, headers={"range": "bytes=0-1", "if-range": etag})).body == b"01"
    assert (await place.ask("GET", path, headers={"range": "bytes=0-1", "if-range": '"old"'})).status == 200


async def test_the_head_of_a_file_has_no_body(place: Place) -> None:
    file_id = (await place.upload(field("purpose", "batch"), file(b"0123456789"))).json()["id"]
    answer = await place.ask("HEAD", f"/v1/files/{file_id}/content")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "10")


async def test_an_empty_file_is_a_file(place: Place) -> None:
    file_id = (await place.upload(field("purpose", "batch"), file(b""))).json()["id"]
    assert (await place.ask("GET", f"/v1/files/{file_id}/content")).body == b""
    assert (await place.ask("GET", f"/v1/files/{file_id}/content", headers={"range": "bytes=0-"})).status == 416


async def test_content_is_a_download_that_a_browser_will_not_show(place: Place) -> None:
    upload = await place.upload(
        field("purpose", "user_data"), file(b"<script>alert(1)</script>", '../\\"猫\\"\u202e.png', "image/png")
    )
    assert upload.json()["filename"] == '"猫".png'
    answer = await place.ask("GET", f"/v1/files/{upload.json()['id']}/content")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"___.png\"; filename*=UTF-8''%22%E7%8C%AB%22.png"
    )


async def send(place: Place, *messages: Message) -> Answer:
    """An upload whose body comes as ``messages`` and then stays silent."""
    waiting = list(messages)
    answer = Answer()

    async def receive() -> Message:
        if waiting:
            return waiting.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def reply(message: Message) -> None:
        answer.status = message.get("status", answer.status)
        answer.pieces.append(message.get("body", b""))

    headers = {**FORM, "authorization": f"Bearer {place.anna}"}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/v1/files", "raw_path": b"/v1/files", "query_string": b"", "root_path": "", "state": {},
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    await place.app(scope, receive, reply)
    return answer


async def test_an_upload_that_falls_silent_is_408_and_leaves_nothing(place: Place) -> None:
    begun = field("purpose", "batch") + file(bytes(2_000_000))
    answer = await send(place, {"type": "http.request", "body": begun, "more_body": True})
    assert answer.status == 408
    assert place.kept() == 0


async def test_a_client_that_leaves_leaves_nothing(place: Place) -> None:
    begun = field("purpose", "batch") + file(bytes(2_000_000))
    try:
        await send(place, {"type": "http.request", "body": begun, "more_body": True}, {"type": "http.disconnect"})
    except ClientDisconnect:
        pass
    assert place.kept() == 0
    assert (await place.ask("GET", "/v1/files")).json()["data"] == []


async def test_uploads_at_once_are_all_kept_apart(place: Place) -> None:
    answers = await asyncio.gather(
        *(place.upload(field("purpose", "batch"), file(b"%d" % (n // 2) * 1000)) for n in range(20))
    )
    ids = {answer.json()["id"] for answer in answers}
    assert len(ids) == 20
    assert place.kept() == 10
    contents = await asyncio.gather(*(place.ask("GET", f"/v1/files/{one}/content") for one in ids))
    assert sorted(one.body for one in contents) == sorted(b"%d" % (n // 2) * 1000 for n in range(20))
