"""GET /admin/v1/ledger/check and /balances: whether everything adds up, and what every account stands at."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.core.call import Principal
from openhearth.core.errors import RequestError
from openhearth.core.permissions import Permission
from openhearth.relay.gate import Gate
from openhearth.stores.book_ports import Books
from openhearth.surfaces.admin.reading import listed, made, number
from openhearth.surfaces.http import Json

_MOST_ROWS = 1000
_MOST_OFFSET = 10**9
_NAME_CHARS = 300


def routes(books: Books, gate: Gate) -> list[BaseRoute]:
    """Who calls must be an operator: accounts of all organisations are in there."""

    async def check(_: Request, __: Principal) -> Response:
        found = await books.prove()
        return Json({"object": "ledger.check", "ok": not found.faults, **msgspec.structs.asdict(found)})

    async def balances(request: Request, _: Principal) -> Response:
        beginning = request.query_params.get("account", "")
        if len(beginning) > _NAME_CHARS:
            raise RequestError(f"'account' is at most {_NAME_CHARS} characters.", param="account", code="invalid_value")
        offset = number(request, "offset", 0, _MOST_OFFSET, 0)
        limit = number(request, "limit", 1, _MOST_ROWS, 100)
        rows, total = await books.balances(beginning, offset, limit)
        return listed([msgspec.structs.asdict(row) for row in rows], total, offset)

    return [
        *made(
            gate,
            (
                ("/admin/v1/ledger/check", "GET", Permission.OPERATE, check),
                ("/admin/v1/ledger/balances", "GET", Permission.OPERATE, balances),
            ),
        )
    ]
