"""/api/announcement and /api/option: what the operator tells everybody, and what he sets."""

from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from openhearth.accounts.announcements import Announcements, NewAnnouncement
from openhearth.accounts.options import Options
from openhearth.config import Limits
from openhearth.core.call import Principal
from openhearth.core.errors import RequestError
from openhearth.core.permissions import Permission
from openhearth.stores.newapi_ports import AnnouncementRecord
from openhearth.surfaces.newapi.envelope import listed, number_in, ok, page_of, read

_Moment = Annotated[int, msgspec.Meta(ge=-1, le=10**11)]


class AnnouncementBody(msgspec.Struct, frozen=True):
    """Body of POST and PUT /api/announcement/. Times in unix seconds; an ``end_time`` of 0 or -1: for good."""

    id: int = 0
    title: str | None = None
    content: str | None = None
    description: str | None = None
    tag: str | None = None
    pinned: bool | None = None
    start_time: _Moment | None = None
    end_time: _Moment | None = None


class OptionBody(msgspec.Struct, frozen=True):
    """Body of PUT /api/option/. New API's own page sends flags and numbers as they are: they count as written."""

    key: str
    value: msgspec.Raw


class Board:
    """The handlers."""

    def __init__(self, announcements: Announcements, options: Options, limits: Limits) -> None:
        self._announcements = announcements
        self._options = options
        self._limits = limits

    async def announcements(self, request: Request, by: Principal | None) -> Response:
        """Those of now, for anybody; ``all=true``, for operators: also those that are over or to come."""
        page = page_of(request)
        if request.query_params.get("all") == "true" and by is not None and by.may(Permission.OPERATE):
            found, total = await self._announcements.list(offset=page.offset, limit=page.size)
        else:
            found, total = await self._announcements.current(offset=page.offset, limit=page.size)
        return listed([_shown(one) for one in found], total, page)

    async def announcement(self, request: Request, by: Principal | None) -> Response:
        sees_all = by is not None and by.may(Permission.OPERATE)
        return ok(_shown(await self._announcements.one(number_in(request, "announcement"), current=not sees_all)))

    async def announce(self, request: Request, by: Principal) -> Response:
        body = await read(request, AnnouncementBody, self._limits)
        if body.title is None:
            raise RequestError("'title' is missing.", param="title", code="missing_field")
        return ok(_shown(await self._announcements.create(by, NewAnnouncement(**_fields(body)))))

    async def change_announcement(self, request: Request, by: Principal) -> Response:
        body = await read(request, AnnouncementBody, self._limits)
        return ok(_shown(await self._announcements.change(by, body.id, _fields(body))))

    async def remove_announcement(self, request: Request, by: Principal) -> Response:
        await self._announcements.remove(by, number_in(request, "announcement"))
        return ok()

    async def options(self, _: Request, __: Principal) -> Response:
        return ok([{"key": name, "value": value} for name, value in sorted((await self._options.all()).items())])

    async def set_option(self, request: Request, by: Principal) -> Response:
        body = await read(request, OptionBody, self._limits)
        await self._options.put(by, body.key, _text(body.value))
        return ok()


def _fields(body: AnnouncementBody) -> dict[str, Any]:
    """What the body says, by our names."""
    names = ("title", "content", "description", "tag", "pinned")
    said = {name: value for name in names if (value := getattr(body, name)) is not None}
    if body.start_time is not None and body.start_time > 0:
        said["starts_at"] = float(body.start_time)
    if body.end_time is not None:
        said["ends_at"] = float(body.end_time) if body.end_time > 0 else None
    return said


def _text(value: msgspec.Raw) -> str:
    written = bytes(value).decode().strip()
    if written[:1] in ("{", "[", "n"):
        raise RequestError("'value' is a text, a number, true or false.", param="value", code="invalid_type")
    return msgspec.json.decode(value, type=str) if written.startswith('"') else written


def _shown(one: AnnouncementRecord) -> dict[str, Any]:
    return {
        "id": one.number,
        "title": one.title,
        "content": one.content,
        "description": one.description,
        "tag": one.tag,
        "pinned": one.pinned,
        "start_time": int(one.starts_at),
        "end_time": 0 if one.ends_at is None else int(one.ends_at),
        "created_time": int(one.created_at),
    }
