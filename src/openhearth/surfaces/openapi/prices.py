"""The price table, as an operator's programs use it."""

from typing import Any

from openhearth.core.rates import LongPrompt, Rates
from openhearth.surfaces.openapi.operation import JSON, operation
from openhearth.surfaces.openapi.schema import (
    Schema,
    anything,
    flag,
    many,
    maybe,
    number,
    ref,
    said,
    shape,
    text,
    whole,
)

_MOST_MICROS = 10**12
_SERVICES = text("standard", "batch", "flex", "priority")


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    return {
        "/admin/v1/prices": {
            "get": operation(
                "Prices in force and to come",
                {JSON: _list()},
                query={"model": text(), "provider": text(), "target": text()},
            ),
            "post": operation(
                "Say what a model costs from now on",
                {JSON: ref("Price")},
                body={JSON: ref("NewPrice")},
                status="201",
            ),
        },
        "/admin/v1/prices/import": {
            "post": operation(
                "Add prices, all or none",
                {JSON: _list()},
                body={
                    JSON: shape(
                        {"prices": many(ref("NewPrice"), least=1, most=20_000)}, {"source": text(least=1, most=200)}
                    )
                },
                status="201",
            )
        },
        "/admin/v1/prices/history": {
            "get": operation(
                "What prices were, newest first",
                {JSON: _list()},
                query={"model": text(), "limit": whole(1, 1000), "before": whole(0)},
            )
        },
        "/admin/v1/prices/{version}": {
            "get": operation("One row of the price table", {JSON: ref("Price")}, path={"version": whole(1)})
        },
    }


def schemas() -> dict[str, Schema]:
    """Components."""
    rates: dict[str, Schema] = dict.fromkeys(Rates.__struct_fields__, maybe(whole(0, _MOST_MICROS)))
    steps = {name: rates[name] for name in LongPrompt.__struct_fields__ if name in rates}
    picture = shape({"micros": whole(0)}, {"size": text(), "quality": text()})
    return {
        "Price": shape(
            {
                "object": text("price"),
                "version": whole(1),
                "model": text(),
                "provider": text(),
                "target_id": text(),
                "service": _SERVICES,
                "hours": text(),
                "effective_from": number(),
                "rates": maybe(anything()),
                "source": text(),
                "changed_by": text(),
                "changed_at": number(),
                "note": text(),
                "withdrawn": flag(),
            }
        ),
        "PriceRates": said(
            shape(
                {},
                {
                    **rates,
                    "images": many(picture, most=100),
                    "long_prompts": many(shape({"above_tokens": whole(1, 10**9)}, steps), most=10),
                },
            ),
            "Millionths of a US dollar: for a million tokens or characters, an hour, a thousand pages or searches.",
        ),
        "NewPrice": shape(
            {"model": text(least=1, most=256)},
            {
                "rates": maybe(ref("PriceRates")),
                "provider": text(most=256),
                "target_id": text(),
                "service": _SERVICES,
                "hours": text(pattern=r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$"),
                "effective_from": maybe(number()),
                "withdrawn": flag(),
                "note": text(most=500),
            },
        ),
    }


def _list() -> Schema:
    return shape({"object": text("list"), "data": many(ref("Price"))})
