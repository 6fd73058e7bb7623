"""GET /admin/v1/costs: what our ledger says calls cost, by day, model and target, for comparing with bills."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.accounts.amounts import usd_of_nanos
from openhearth.core.call import Principal
from openhearth.core.errors import RequestError
from openhearth.core.permissions import Permission
from openhearth.core.provider import Target
from openhearth.relay.gate import Gate
from openhearth.stores.cost_ports import CostRecords, CostRow, Part, Period
from openhearth.surfaces.http import Json, Route, known_caller
from openhearth.surfaces.queries import check_names

_PARAMETERS = ("from", "to", "group_by", "utc_offset_minutes")
_PARTS: tuple[Part, ...] = get_args(Part)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_OFFSET = re.compile(r"-?\d{1,4}")
_MOST_DAYS = 366
_MOST_ROWS = 100_000
_MOST_OFFSET_MINUTES = 14 * 60
_EPOCH = date(1970, 1, 1)


def routes(costs: CostRecords, gate: Gate, target: Callable[[str], Target | None]) -> list[BaseRoute]:
    """``target`` finds a target by its id, as long as it is attached."""

    async def listing(request: Request, _: Principal) -> Response:
        asked = request.query_params
        check_names(asked, _PARAMETERS, once=_PARAMETERS)
        first, last = _day(asked.get("from"), "from"), _day(asked.get("to"), "to")
        by = _parts(asked.get("group_by", "day,model"))
        period = _period(first, last, _offset_minutes(asked.get("utc_offset_minutes", "0")))
        rows = await costs.costs(period, by, _MOST_ROWS + 1)
        if len(rows) > _MOST_ROWS:
            raise RequestError(f"These are more than {_MOST_ROWS} sums: ask for fewer days.", param="from")
        return Json(
            {
                "object": "list",
                "from": first.isoformat(),
                "to": last.isoformat(),
                "group_by": by,
                "data": [_shown(row, by, target) for row in rows],
            }
        )

    return [
        Route("/admin/v1/costs", known_caller(gate, listing), methods=["GET"], permission=Permission.OPERATE),
    ]


def _shown(row: CostRow, by: Sequence[Part], target: Callable[[str], Target | None]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if "day" in by:
        shown["day"] = (_EPOCH + timedelta(days=row.day)).isoformat()
    if "model" in by:
        shown["model"] = row.model
    if "target" in by:
        known = target(row.target_id) if row.target_id else None
        shown["target_id"] = row.target_id or None
        shown["provider"] = known.provider.name if known else None
        shown["upstream_model"] = known.upstream_model if known else None
    numbers = {name: value for name, value in msgspec.structs.asdict(row).items() if name not in _NAMED}
    return {
        **shown,
        **numbers,
        "cost_usd": usd_of_nanos(row.cost_nanos),
        "charge_usd": usd_of_nanos(row.charge_nanos),
    }


_NAMED = frozenset({"day", "model", "target_id"})


def _period(first: date, last: date, offset_minutes: int) -> Period:
    if last < first:
        raise RequestError("'to' lies before 'from'.", param="to", code="invalid_value")
    if (last - first).days >= _MOST_DAYS:
        raise RequestError(f"'from' to 'to' is at most {_MOST_DAYS} days.", param="to", code="invalid_value")
    offset_s = offset_minutes * 60
    return Period(_midnight(first) - offset_s, _midnight(last) + 86_400.0 - offset_s, offset_s)


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def _day(text: str | None, name: str) -> date:
    if text is None:
        raise RequestError(f"'{name}' is missing: a day like 2026-11-30; both days are counted.", param=name)
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise RequestError(f"'{name}' is a day like 2026-11-30.", param=name, code="invalid_value")


def _parts(text: str) -> list[Part]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    wrong = [name for name in names if name not in _PARTS]
    if wrong:
        raise RequestError(f"'group_by' names {', '.join(_PARTS)}.", param="group_by", code="invalid_value")
    return [part for part in _PARTS if part in names]


def _offset_minutes(text: str) -> int:
    if _OFFSET.fullmatch(text) and abs(int(text)) <= _MOST_OFFSET_MINUTES:
        return int(text)
    raise RequestError(
        f"'utc_offset_minutes' is at most {_MOST_OFFSET_MINUTES} either way.",
        param="utc_offset_minutes",
        code="invalid_value",
    )
