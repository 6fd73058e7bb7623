"""The books as a whole, as an operator looks at them."""

from typing import Any

from openhearth.surfaces.openapi.operation import JSON, operation
from openhearth.surfaces.openapi.schema import Schema, flag, many, ref, said, shape, text, whole


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    return {
        "/admin/v1/ledger/check": {
            "get": operation("Add everything up: does the ledger balance?", {JSON: ref("LedgerCheck")})
        },
        "/admin/v1/ledger/balances": {
            "get": operation(
                "What accounts stand at",
                {
                    JSON: shape(
                        {"object": text("list"), "data": many(ref("Balance")), "total": whole(0), "has_more": flag()}
                    )
                },
                query={"account": text(most=300), "offset": whole(0, 10**9), "limit": whole(1, 1000)},
            )
        },
    }


def schemas() -> dict[str, Schema]:
    """Components. Amounts are in nanos: 1e-9 USD."""
    return {
        "LedgerCheck": shape(
            {
                "object": text("ledger.check"),
                "ok": flag(),
                "faults": said(many(text()), "What does not add up, in words."),
                "calls": whole(0),
                "postings": whole(0),
                "accounts": whole(0),
                "open_calls": whole(0),
                "sum_nanos": said(whole(), "Of all postings: 0."),
                "charged_nanos": whole(0),
                "cost_nanos": whole(0),
            }
        ),
        "Balance": shape({"account": text(), "nanos": whole()}),
    }
