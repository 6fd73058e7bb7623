"""Single calls after the fact, receipts, and costs added up."""

from typing import Any

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

_JWS = "application/jose"
_DAY = text(pattern=r"^\d{4}-\d{2}-\d{2}$")
_CALL = {"id": text(least=1, most=100)}
_USD = said(text(), "US dollars, an exact decimal.")


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    return {
        "/v1/generation": {
            "get": operation(
                "A settled call, in OpenRouter's form",
                {JSON: shape({"data": ref("Generation")})},
                query={"id": said(text(least=1, most=100), "The call's id: x-request-id of its answer.")},
            )
        },
        "/v1/calls/{id}": {"get": operation("A settled call", {JSON: ref("SettledCall")}, path=_CALL)},
        "/v1/calls/{id}/explain": {
            "get": operation("How the amount of a call came about", {JSON: ref("CallExplanation")}, path=_CALL)
        },
        "/v1/calls/{id}/receipt": {
            "get": operation(
                "The signed receipt of a call made with x-openhearth-receipt: true",
                {JSON: ref("CallReceipt"), _JWS: text()},
                path=_CALL,
                query={"format": text("json", "jws")},
            )
        },
        "/v1/receipts/key": {
            "get": operation(
                "The public key that signs receipts",
                {
                    JSON: shape(
                        {"object": text("receipt.key"), "key_id": text(), "jwk": anything(), "pem": text()},
                    )
                },
                open_to_all=True,
            )
        },
        "/admin/v1/costs": {
            "get": operation(
                "What calls cost, added up",
                {JSON: shape({"object": text("list"), "from": _DAY, "to": _DAY, "data": many(ref("CostSum"))})},
                query={
                    "from": _DAY,
                    "to": said(_DAY, "The last day, counted as well."),
                    "group_by": said(text(), "Of day, model and target, separated by commas; day,model if absent."),
                    "utc_offset_minutes": said(whole(-840, 840), "Where days are cut, in minutes east of UTC."),
                },
            )
        },
    }


def schemas() -> dict[str, Schema]:
    """Components."""
    return {
        "Amount": shape({"nanos": whole(), "usd": _USD}),
        "SettledCall": _settled_call(),
        "CallExplanation": _explanation(),
        "Generation": _generation(),
        "CallReceipt": said(
            shape({"object": text("call.receipt"), "payload": anything(), "key_id": text(), "signature": text()}),
            "A JWS with Ed25519 whose payload is shown: JSON with sorted keys and without white space.",
        ),
        "CostSum": shape(
            {
                **dict.fromkeys(_COUNTS, whole()),
                "cost_nanos": whole(),
                "cost_usd": _USD,
                "charge_nanos": whole(),
                "charge_usd": _USD,
            },
            {
                "day": _DAY,
                "model": text(),
                "target_id": maybe(text()),
                "provider": maybe(text()),
                "upstream_model": maybe(text()),
            },
        ),
    }


_COUNTS = ("calls", "failures", "input_tokens", "output_tokens", "cached_tokens", "images")


def _settled_call() -> Schema:
    return shape(
        {
            "id": text(),
            "object": text("call"),
            "operation": text(),
            "model": text(),
            "target_id": maybe(text()),
            "provider": maybe(text()),
            "outcome": text(),
            "error_code": maybe(text()),
            "stream": flag(),
            "attempts": whole(0),
            "created_at": number(),
            "created": text(),
            "first_byte_ms": whole(0),
            "duration_ms": whole(0),
            "usage": anything(),
            "usage_source": text(),
            "price_version": whole(-1),
            "cost": ref("Amount"),
            "charge": ref("Amount"),
            "reserved": ref("Amount"),
            "ratio_ppm": whole(0),
            "group": text(),
            "key_id": maybe(text()),
            "user_id": maybe(text()),
            "project_id": maybe(text()),
            "organization_id": maybe(text()),
        }
    )


def _explanation() -> Schema:
    parts = said(whole(), "Exact: 1/18,000,000,000,000 of a US dollar each.")
    item = shape(
        {
            "rate": text(),
            "what": text(),
            "quantity": whole(0),
            "per": whole(1),
            "rate_usd": _USD,
            "usd": _USD,
            "parts": parts,
        }
    )
    return shape(
        {
            "object": text("call.explanation"),
            "call": ref("SettledCall"),
            "price": shape({"status": text("listed", "none", "unknown", "gone"), "version": whole(-1)}),
            "items": many(item),
            "sum": shape({"parts": parts, "usd": _USD, "agrees": maybe(flag())}),
            "cost": ref("Amount"),
            "ratio": shape({"group": text(), "ppm": whole(0), "factor": text()}),
            "rounding": shape({"rule": text(), "exact_usd": _USD, "added_usd": _USD}),
            "charge": ref("Amount"),
            "reservation": shape({"held": ref("Amount"), "released": ref("Amount"), "beyond": ref("Amount")}),
            "words": many(text()),
        }
    )


def _generation() -> Schema:
    return shape(
        {
            "id": text(),
            "model": text(),
            "provider_name": maybe(text()),
            "created_at": text(),
            "total_cost": said(number(0), "What the caller was charged, in US dollars."),
            "usage": number(0),
            "streamed": flag(),
            "cancelled": flag(),
            "finish_reason": maybe(text()),
            "latency": said(whole(0), "Milliseconds to the first byte of the answer."),
            "generation_time": said(whole(0), "Milliseconds in all."),
            "tokens_prompt": whole(0),
            "tokens_completion": whole(0),
            "native_tokens_prompt": whole(0),
            "native_tokens_completion": whole(0),
            "native_tokens_reasoning": whole(0),
            "native_tokens_cached": whole(0),
        }
    )
