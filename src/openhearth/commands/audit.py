"""``openhearth audit``: who changed what."""

import json as encoded
from typing import Any

from openhearth.commands.admin import Server, connect
from openhearth.commands.show import as_json, as_table

_COLUMNS = ("number", "written_at", "actor", "action", "on", "org_id", "change")


def listing(*, limit: int = 50, before: int | None = None, json: bool = False, server: Server | None = None) -> int:
    """List administrative writes, newest first.

    Args:
        limit: how many (1 to 1000)
        before: only those before this number
        json: print JSON
    """
    rows = connect(server).rows(f"/audit?limit={limit}" + ("" if before is None else f"&before={before}"))
    if json:
        as_json(rows)
    else:
        as_table(map(_line, rows), _COLUMNS, nothing="Nothing was written yet.")
    return 0


def check(*, json: bool = False, server: Server | None = None) -> int:
    """Prove that no entry was changed, put in or taken out. Fails if one was.

    Args:
        json: print JSON
    """
    found = connect(server).ask("GET", "/audit/check")
    if json:
        as_json(found)
    elif found["ok"]:
        print("The audit log is whole.")
    else:
        print(f"The audit log is wrong from entry {found['first_wrong']} on: changed, or one after it is missing.")
    return 0 if found["ok"] else 1


def _line(row: dict[str, Any]) -> dict[str, Any]:
    change = encoded.dumps(row["change"], ensure_ascii=False)
    return {**row, "written_at": row["at"], "change": change if len(change) <= 120 else f"{change[:119]}…"}
