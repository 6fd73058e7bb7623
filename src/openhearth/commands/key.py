"""``openhearth key``: who may call."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from openhearth.commands import WrongUse
from openhearth.commands.admin import Server, connect
from openhearth.commands.show import as_json, as_table

_UNIT_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def create(
    name: str,
    *,
    quota: str = "",
    expires: str = "",
    model: list[str] | None = None,
    moderate: Literal["off", "input", "output", "both"] = "off",
    admin: bool = False,
    json: bool = False,
    server: Server | None = None,
) -> int:
    """Make a key and print it. It is shown this one time.

    Args:
        name: what the key is for
        quota: money the key may spend in all, in USD (2.50); unlimited if not given
        expires: how long it lives (90s, 15m, 12h, 30d); for ever if not given
        model: a model it may use (gpt-4o, qwen*); may be repeated; every model if not given
        moderate: what is checked by moderation and refused when flagged: what the key sends, what it gets, or both
        admin: may also administer the server
        json: print JSON
    """
    body: dict[str, object] = {"name": name, "is_admin": admin, "models": model or []}
    if moderate != "off":
        body["moderate"] = moderate
    if quota:
        body["quota_micros"] = _micros(quota)
    if expires:
        body["expires_in_s"] = _seconds(expires)
    made = connect(server).ask("POST", "/keys", body)
    if json:
        as_json(made)
    else:
        print(f"{made['key']}\n\nKey '{made['name']}' ({made['id']}). Keep it now: it cannot be shown again.")
    return 0


def listing(*, json: bool = False, server: Server | None = None) -> int:
    """List all keys; the keys themselves are not stored and cannot be listed.

    Args:
        json: print JSON
    """
    rows = connect(server).rows("/keys")
    if json:
        as_json(rows)
    else:
        columns = (
            "id",
            "name",
            "hint",
            "is_admin",
            "disabled",
            "created_at",
            "expires_at",
            "quota_micros",
            "models",
            "moderate",
        )
        as_table(rows, columns, nothing="There are no keys.")
    return 0


def put(
    name: str,
    *,
    moderate: Literal["off", "input", "output", "both"],
    server: Server | None = None,
) -> int:
    """Change a key; it applies from its next call on.

    Args:
        name: its id (key_…) or its name, as 'openhearth key list' shows them
        moderate: what is checked by moderation and refused when flagged: what the key sends, what it gets, or both
    """
    admin = connect(server)
    key_id = _id_of(name, admin.rows("/keys"))
    changed = admin.ask("PATCH", f"/keys/{key_id}", {"moderate": moderate})
    print(f"Key '{changed['name']}' ({key_id}): moderation {changed['moderate']}.")
    return 0


def disable(key_id: str, *, server: Server | None = None) -> int:
    """Refuse a key from now on.

    Args:
        key_id: its id (key_…), as 'openhearth key list' shows it
    """
    connect(server).ask("POST", f"/keys/{key_id}/disable")
    print(f"{key_id} is disabled.")
    return 0


def _id_of(name: str, keys: list[dict[str, Any]]) -> str:
    found = [str(key["id"]) for key in keys if name in (key["id"], key["name"])]
    if len(found) != 1:
        raise WrongUse(f"{len(found) or 'No'} keys are named '{name}'. Give an id of 'openhearth key list'.")
    return found[0]


def _micros(text: str) -> int:
    try:
        amount = Decimal(text) * 1_000_000
    except InvalidOperation as error:
        raise WrongUse(f"--quota '{text}' is no amount of money; write it like 2.50.") from error
    if amount < 0 or amount != int(amount):
        raise WrongUse(f"--quota '{text}' must not be negative nor finer than a millionth.")
    return int(amount)


def _seconds(text: str) -> int:
    match = re.fullmatch(r"(\d+)([smhd]?)", text)
    if match is None:
        raise WrongUse(f"--expires '{text}' is no time span; write it like 90s, 15m, 12h or 30d.")
    return int(match[1]) * _UNIT_S[match[2]]
