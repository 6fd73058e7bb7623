"""``openhearth redeem``: codes that pay into an account, once."""

import time
from typing import Any
from urllib.parse import quote

from openhearth.commands import WrongUse
from openhearth.commands.admin import Server, connect
from openhearth.commands.amounts import seconds
from openhearth.commands.dollars import micros, usd
from openhearth.commands.envelope import data_of, every
from openhearth.commands.show import as_json, as_table

_MICROS_PER_UNIT = 2
_STATES = {1: "unused", 2: "disabled", 3: "used"}
_COLUMNS = ("id", "name", "amount_usd", "state", "created_at", "expires_at", "used_by", "used_at", "code")


def create(
    amount: str,
    *,
    name: str = "code",
    count: int = 1,
    expires: str = "",
    json: bool = False,
    server: Server | None = None,
) -> int:
    """Make codes and print them, one a line.

    Args:
        amount: what each pays in, in USD (10)
        name: what they are for
        count: how many (100 at most)
        expires: how long they can be used (12h, 30d); for good if not given
        json: print JSON
    """
    quota, rest = divmod(micros(amount, "amount"), _MICROS_PER_UNIT)
    if rest:
        raise WrongUse(f"--amount '{amount}': a code is worth whole units of 0.000002 USD.")
    body = {"name": name, "count": count, "quota": quota}
    if expires:
        body["expired_time"] = int(time.time()) + seconds(expires, "expires")
    codes = data_of(connect(server), "POST", "/api/redemption/", body)
    if json:
        as_json({"codes": codes})
    else:
        print("\n".join(codes))
    return 0


def listing(*, search: str = "", json: bool = False, server: Server | None = None) -> int:
    """List codes, the newest first.

    Args:
        search: the beginning of a name, a number, or a whole code
        json: print JSON
    """
    path = f"/api/redemption/search?keyword={quote(search, safe='')}" if search else "/api/redemption/"
    rows = [_row(one) for one in every(connect(server), path)]
    if json:
        as_json(rows)
    else:
        as_table(rows, _COLUMNS, nothing="There are no codes.")
    return 0


def disable(number: int, *, json: bool = False, server: Server | None = None) -> int:
    """Let nobody use a code from now on.

    Args:
        number: its number, as 'openhearth redeem list' shows it
        json: print JSON
    """
    body = {"id": number, "status": 2}
    row = _row(data_of(connect(server), "PUT", "/api/redemption/?status_only=true", body))
    if json:
        as_json(row)
    else:
        print(f"Code {number} ('{row['name']}', {row['amount_usd']} USD) is disabled.")
    return 0


def _row(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": one["id"],
        "name": one["name"],
        "amount_usd": usd(one["quota"] * _MICROS_PER_UNIT),
        "state": _state(one),
        "created_at": one["created_time"],
        "expires_at": one["expired_time"] or None,
        "used_by": one["used_user_id"] or None,
        "used_at": one["redeemed_time"] or None,
        "code": one["key"],
    }


def _state(one: dict[str, Any]) -> str:
    state = _STATES[one["status"]]
    return "expired" if state == "unused" and 0 < one["expired_time"] <= time.time() else state
