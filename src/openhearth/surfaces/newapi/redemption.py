"""/api/redemption: codes that pay in, for operators."""

from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from openhearth.accounts.quota_units import MICROS_PER_UNIT, left_units, micros_of
from openhearth.accounts.redemptions import Code, NewCodes, Redemptions
from openhearth.config import Limits
from openhearth.core.allowance import NANOS_PER_MICRO
from openhearth.core.call import Principal
from openhearth.core.errors import RequestError
from openhearth.stores.newapi_ports import NewApiRecords
from openhearth.surfaces.newapi.envelope import Page, listed, number_in, ok, page_of, read
from openhearth.surfaces.newapi.terms import DISABLED, ENABLED, USED, moment

_MOST_UNITS = 10**12 // MICROS_PER_UNIT
_Units = Annotated[int, msgspec.Meta(ge=0, le=_MOST_UNITS)]
_Moment = Annotated[int, msgspec.Meta(ge=-1, le=10**11)]


class RedemptionBody(msgspec.Struct, frozen=True):
    """Body of POST and PUT /api/redemption/. An ``expired_time`` of 0 or -1: for good."""

    id: int = 0
    name: str = ""
    quota: _Units | None = None
    count: int = 1
    expired_time: _Moment | None = None
    status: int = 0


class Codes:
    """The handlers."""

    def __init__(self, redemptions: Redemptions, records: NewApiRecords, limits: Limits) -> None:
        self._redemptions = redemptions
        self._records = records
        self._limits = limits

    async def listing(self, request: Request, _: Principal) -> Response:
        return await self._found(page_of(request), "")

    async def search(self, request: Request, _: Principal) -> Response:
        """By a number, the beginning of a name, or a whole code."""
        return await self._found(page_of(request), request.query_params.get("keyword", ""))

    async def one(self, request: Request, _: Principal) -> Response:
        (row,) = await self._rows([await self._redemptions.one(number_in(request, "redemption code"))])
        return ok(row)

    async def create(self, request: Request, by: Principal) -> Response:
        """The codes."""
        body = await read(request, RedemptionBody, self._limits)
        new = NewCodes(body.name, micros_of(body.quota or 0), body.count, _expiry(body.expired_time))
        made = await self._redemptions.create(by, new)
        return ok([code.text for code in made])

    async def change(self, request: Request, by: Principal) -> Response:
        """``status_only`` in the query: nothing but the status."""
        body = await read(request, RedemptionBody, self._limits)
        changes: dict[str, Any] = {}
        if not request.query_params.get("status_only"):
            changes = {"name": body.name} if body.name else {}
            if body.quota is not None:
                changes["micros"] = micros_of(body.quota)
            if body.expired_time is not None:
                changes["expires_at"] = _expiry(body.expired_time)
        if body.status:
            if body.status not in (ENABLED, DISABLED):
                raise RequestError("'status' is 1 (enabled) or 2 (disabled).", param="status", code="invalid_value")
            changes["disabled"] = body.status == DISABLED
        if not changes:
            raise RequestError("Nothing is to be changed.", param="status", code="missing_field")
        (row,) = await self._rows([await self._redemptions.change(by, body.id, changes)])
        return ok(row)

    async def delete(self, request: Request, by: Principal) -> Response:
        await self._redemptions.remove(by, number_in(request, "redemption code"))
        return ok()

    async def clean(self, _: Request, by: Principal) -> Response:
        """Remove those that are used, disabled or expired; how many there were."""
        return ok(await self._redemptions.remove_invalid(by))

    async def _found(self, page: Page, search: str) -> Response:
        found, total = await self._redemptions.list(search=search, offset=page.offset, limit=page.size)
        return listed(await self._rows(list(found)), total, page)

    async def _rows(self, codes: list[Code]) -> list[dict[str, Any]]:
        people = {name for code in codes for name in (code.record.made_by, code.record.used_by) if name}
        numbers = {name: one.number for name, one in (await self._records.names(people, (), ())).users.items()}
        return [_row(code, numbers) for code in codes]


def _row(code: Code, numbers: dict[str, int]) -> dict[str, Any]:
    record = code.record
    return {
        "id": record.number,
        "user_id": numbers.get(record.made_by, 0),
        "key": code.text,
        "status": USED if record.used_by else DISABLED if record.disabled else ENABLED,
        "name": record.name,
        "quota": left_units(record.micros * NANOS_PER_MICRO),
        "created_time": int(record.created_at),
        "redeemed_time": moment(record.used_at, never=0),
        "used_user_id": numbers.get(record.used_by, 0),
        "expired_time": moment(record.expires_at, never=0),
    }


def _expiry(said: int | None) -> float | None:
    return None if said is None or said <= 0 else float(said)
