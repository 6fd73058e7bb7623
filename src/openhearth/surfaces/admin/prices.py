"""The price table over HTTP, for administrators only: what is in force, what was, and new rows."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Protocol, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.accounts.audit import told
from openhearth.accounts.prices import NewPrice
from openhearth.config import Limits
from openhearth.core.call import Principal
from openhearth.core.errors import NotFound, RequestError
from openhearth.core.permissions import Permission
from openhearth.core.provider import Target
from openhearth.relay.gate import Gate
from openhearth.stores.access_ports import Audit
from openhearth.stores.ports import PriceRecord
from openhearth.surfaces.admin.reading import caller_of
from openhearth.surfaces.http import Handler, Json, Route, known_caller, struct_body

_MOST_ROWS = 1000
_IMPORT_ROWS = 20_000
_Body = TypeVar("_Body")


class Import(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /admin/v1/prices/import: rows added together or not at all. ``source`` names their origin."""

    prices: Annotated[list[NewPrice], msgspec.Meta(min_length=1, max_length=_IMPORT_ROWS)]
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] = "import"


class PriceTable(Protocol):
    """``accounts.prices.Prices``, as administration sees it."""

    def in_force(self) -> list[PriceRecord]: ...

    async def history(self, model: str = "", limit: int = 100, before: int | None = None) -> Sequence[PriceRecord]: ...

    async def version(self, version: int) -> PriceRecord | None: ...

    async def bring(
        self, prices: Sequence[NewPrice], by: str, source: str = "operator", audit: Audit | None = None
    ) -> Sequence[PriceRecord]: ...


def routes(prices: PriceTable, gate: Gate, targets: Callable[[], list[Target]], limits: Limits) -> list[BaseRoute]:
    """Everything under /admin/v1/prices."""
    admin = _PriceAdmin(prices, targets, limits)
    handlers: tuple[tuple[str, str, Handler], ...] = (
        ("", "GET", admin.listing),
        ("", "POST", admin.add),
        ("/import", "POST", admin.bring),
        ("/history", "GET", admin.history),
        ("/{version}", "GET", admin.one),
    )
    return [
        Route(f"/admin/v1/prices{path}", known_caller(gate, handler), methods=[method], permission=Permission.OPERATE)
        for path, method, handler in handlers
    ]


class _PriceAdmin:
    def __init__(self, prices: PriceTable, targets: Callable[[], list[Target]], limits: Limits) -> None:
        self._prices = prices
        self._targets = targets
        self._limits = limits

    async def listing(self, request: Request, _: Principal) -> Response:
        """Rows in force and to come; ``model``, ``provider`` and ``target`` narrow the list."""
        asked = {name: request.query_params.get(name, "") for name in ("model", "provider", "target")}
        rows = [
            _shown(row)
            for row in self._prices.in_force()
            if _fits(row.model, asked["model"])
            and asked["provider"] in ("", row.provider)
            and asked["target"] in ("", row.target_id)
        ]
        return Json({"object": "list", "data": rows})

    async def add(self, request: Request, principal: Principal) -> Response:
        new = await self._read(request, NewPrice, self._limits.header_bytes)
        self._check_targets([new])
        audit = told(principal, "price.create", new.model, msgspec.structs.asdict(new))
        (row,) = await self._prices.bring([new], caller_of(principal), audit=audit)
        return Json(_shown(row), status_code=201)

    async def bring(self, request: Request, principal: Principal) -> Response:
        new = await self._read(request, Import, self._limits.json_body_bytes)
        self._check_targets(new.prices)
        audit = told(principal, "price.import", new.source, {"rows": len(new.prices)})
        added = await self._prices.bring(new.prices, caller_of(principal), new.source, audit)
        return Json({"object": "list", "data": [_shown(row) for row in added]}, status_code=201)

    async def history(self, request: Request, _: Principal) -> Response:
        """Newest first; ``before`` is a version, for the page after this one."""
        asked = request.query_params
        limit, before = _number(asked.get("limit"), "limit"), _number(asked.get("before"), "before")
        if limit is not None and not 1 <= limit <= _MOST_ROWS:
            raise RequestError(f"'limit' is 1 to {_MOST_ROWS}.", param="limit", code="invalid_value")
        rows = await self._prices.history(asked.get("model", ""), limit or 100, before)
        return Json({"object": "list", "data": [_shown(row) for row in rows]})

    async def one(self, request: Request, _: Principal) -> Response:
        name = request.path_params["version"]
        row = await self._prices.version(int(name)) if _is_number(name) else None
        if row is None:
            raise NotFound(f"There is no price '{name[:100]}'.", code="price_not_found")
        return Json(_shown(row))

    def _check_targets(self, prices: Sequence[NewPrice]) -> None:
        known = {"", *(target.id for target in self._targets())}
        for new in prices:
            if new.target_id not in known:
                raise RequestError(f"There is no target '{new.target_id[:100]}'.", param="target_id")

    async def _read(self, request: Request, want: type[_Body], most: int) -> _Body:
        return await struct_body(request, want, most=most, within_s=self._limits.body_s)


def _shown(row: PriceRecord) -> dict[str, Any]:
    return {"object": "price", **msgspec.structs.asdict(row), "withdrawn": row.rates is None}


def _fits(name: str, asked: str) -> bool:
    """Whether a row for ``name`` is what somebody who asks for ``asked`` looks for: the name, or a beginning of it."""
    name, asked = name.lower(), asked.lower()
    return not asked or name == asked or (name.endswith("*") and asked.startswith(name[:-1]))


def _is_number(text: str) -> bool:
    """Whether ``text`` is a number that a version can be."""
    return text.isascii() and text.isdigit() and len(text) <= 9


def _number(text: str | None, name: str) -> int | None:
    if not text:
        return None
    if not _is_number(text):
        raise RequestError(f"'{name}' is a whole number.", param=name, code="invalid_value")
    return int(text)
