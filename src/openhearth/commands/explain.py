"""``openhearth explain``: how the amount of one call came about."""

from typing import Any
from urllib.parse import quote

from openhearth.commands.admin import Server, connect
from openhearth.commands.show import as_json, as_table

_CALL = ("id", "created", "operation", "model", "provider", "target_id", "outcome", "error_code", "key_id")


def explain(call: str, *, json: bool = False, server: Server | None = None) -> int:
    """Say how the amount of a call came about: usage, price, every line of the sum, rounding, what was held.

    Args:
        call: its id (call_…), which every answer carries as x-request-id
        json: print JSON
    """
    told = connect(server).get(f"/v1/calls/{quote(call, safe='')}/explain")
    if json:
        as_json(told)
        return 0
    print("\n".join(_head(told["call"])))
    if told["items"]:
        print()
        as_table([_line(item) for item in told["items"]], ("quantity", "what", "usd_each", "usd"), nothing="")
    print()
    print("\n".join(f"- {sentence}" for sentence in told["words"]))
    return 0


def _head(call: dict[str, Any]) -> list[str]:
    said = [(name.replace("_", " "), call[name]) for name in _CALL if call[name]]
    wide = max(len(name) for name, _ in said)
    return [f"{name.ljust(wide)}  {value}" for name, value in said]


def _line(item: dict[str, Any]) -> dict[str, Any]:
    per = item["per"]
    return {**item, "usd_each": item["rate_usd"] if per == 1 else f"{item['rate_usd']} / {per:,}"}
