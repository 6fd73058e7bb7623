"""``openhearth ledger``: proof that the books balance, and what accounts stand at."""

from typing import Any
from urllib.parse import urlencode

from openhearth.accounts.amounts import usd_of_nanos
from openhearth.commands.admin import Server, connect
from openhearth.commands.show import as_json, as_table

_ROWS = 1000


def check(*, json: bool = False, server: Server | None = None) -> int:
    """Prove that all entries sum to zero and that every balance and every sum follows from them. Exit code 1 if not.

    Args:
        json: print JSON
    """
    found = connect(server).ask("GET", "/ledger/check")
    if json:
        as_json(found)
    else:
        print(_said(found))
    return 0 if found["ok"] else 1


def balances(*, account: str = "", json: bool = False, server: Server | None = None) -> int:
    """List what accounts stand at.

    Args:
        account: only those whose name begins so: user:, target:, margin, funding
        json: print JSON
    """
    admin = connect(server)
    rows: list[dict[str, Any]] = []
    while True:
        query = urlencode({"account": account, "offset": len(rows), "limit": _ROWS})
        page = admin.ask("GET", f"/ledger/balances?{query}")
        rows += page["data"]
        if not page["has_more"] or not page["data"]:
            break
    if json:
        as_json(rows)
    else:
        shown = [{"account": row["account"], "usd": usd_of_nanos(row["nanos"])} for row in rows]
        as_table(shown, ("account", "usd"), nothing="No account was ever used.")
    return 0


def _said(found: dict[str, Any]) -> str:
    counted = f"{found['calls']:,} calls, {found['postings']:,} postings, {found['accounts']:,} accounts"
    if not found["ok"]:
        return "\n".join([f"The ledger does not add up ({counted}):", *(f"- {fault}" for fault in found["faults"])])
    charged, cost = usd_of_nanos(found["charged_nanos"]), usd_of_nanos(found["cost_nanos"])
    return (
        f"The ledger adds up: {counted}; all entries sum to 0. {charged} USD were charged, {cost} USD are owed to "
        f"providers. {found['open_calls']:,} calls are open."
    )
