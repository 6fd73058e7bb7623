"""Targets, how they are chosen, and how they are doing."""

from typing import Any

from openhearth.core.operations import Operation
from openhearth.surfaces.openapi.operation import JSON, operation
from openhearth.surfaces.openapi.schema import Schema, flag, many, maybe, number, ref, said, shape, text, whole

_ID = {"id": text(least=1)}
_MODEL = {"model": text(least=1, most=256)}
_OPERATION = text(*Operation)
_STRATEGY = text("weighted", "latency", "affinity")


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    return {
        "/admin/v1/targets": {
            "get": operation("All targets, also those not in use", {JSON: _list_of(ref("Target"))}),
            "post": operation(
                "Attach a target",
                {JSON: ref("Target")},
                body={JSON: ref("NewTarget")},
                example={"base_url": "https://api.example.com/v1", "model": "my-model"},
                status="201",
            ),
        },
        "/admin/v1/targets/{id}": {
            "patch": operation("Change a target", {JSON: ref("Target")}, body={JSON: ref("TargetChange")}, path=_ID),
            "delete": operation("Detach a target", {JSON: shape({"id": text(), "deleted": flag()})}, path=_ID),
        },
        "/admin/v1/targets/{id}/test": {
            "post": operation("Ask a target whether it works", {JSON: ref("Probe")}, path=_ID)
        },
        "/admin/v1/routing": {
            "get": operation("What is said of single models", {JSON: _list_of(ref("RoutingRule"))}),
        },
        "/admin/v1/routing/{model}": {
            "put": operation(
                "Say how a model's targets are chosen, and which models may answer in its place",
                {JSON: ref("RoutingRule")},
                body={JSON: ref("NewRoutingRule")},
                path=_MODEL,
            ),
            "delete": operation(
                "Forget what was said of a model", {JSON: shape({"model": text(), "deleted": flag()})}, path=_MODEL
            ),
        },
        "/v1/targets/health": {"get": operation("How every target is doing", {JSON: ref("TargetsHealth")})},
    }


def schemas() -> dict[str, Schema]:
    """Components."""
    return {
        **_targets(),
        **_health(),
        "Probe": shape(
            {"ok": flag(), "latency_ms": whole(0)},
            {"models": whole(0), "error": text(), "state": text(), "load_s": number(0)},
        ),
        "RoutingRule": shape(
            {
                "model": text(),
                "strategy": maybe(_STRATEGY),
                "fallbacks": many(text()),
                "source": text("data", "settings"),
            }
        ),
        "NewRoutingRule": shape(
            {},
            {
                "strategy": said(maybe(_STRATEGY), "null: the one for all models."),
                "fallbacks": said(many(text(least=1, most=256), most=5), "Models, best first."),
            },
        ),
    }


def _targets() -> dict[str, Schema]:
    return {
        "Target": shape(
            {
                "id": text(),
                "provider": text(),
                "base_url": text(),
                "model": text(),
                "upstream_model": text(),
                "key": text("set", ""),
                "weight": whole(0),
                "priority": whole(),
                **_bounds(),
                "enabled": said(flag(), "false: no calls go there."),
                "operations": many(_OPERATION),
                "cooling_down": flag(),
                "failures": whole(0),
                "last_error": text(),
            }
        ),
        "NewTarget": shape(
            {},
            {
                "base_url": said(text(), "Such as https://host/v1; a known provider needs none."),
                "provider": text(),
                "model": said(text(), "The name clients use; '*' for all that it lists."),
                "upstream_model": text(),
                "key": said(text(), "The credential itself, env:NAME or file:PATH."),
                "weight": whole(0, 1000),
                "priority": whole(-1_000_000, 1_000_000),
                "price": {"type": "object", "additionalProperties": whole(0)},
                "operations": many(_OPERATION),
                **_bounds(),
            },
        ),
        "TargetChange": shape(
            {},
            {
                "weight": whole(0, 1000),
                "priority": whole(-1_000_000, 1_000_000),
                "enabled": flag(),
                "key": said(text(), "Another credential: itself, env:NAME or file:PATH."),
                **_bounds(),
            },
        ),
    }


def _health() -> dict[str, Schema]:
    return {
        "TargetHealth": shape(
            {
                "id": text(),
                "provider": text(),
                "model": text(),
                "state": said(text("closed", "open", "half_open"), "Of its circuit: open is shut to calls."),
                "priority": whole(),
                "weight": whole(0),
                "open": said(whole(0), "Calls under way there."),
                "waiting": said(whole(0), "Calls that wait for a place there."),
                "successes": whole(0),
                "failed": whole(0),
                "failures": said(whole(0), "Since the last success."),
                "last_error": text(),
                "until": said(maybe(number(0)), "Unix seconds: when its rest ends."),
                "first_byte_ms": shape({"p50": whole(0), "p95": whole(0), "samples": whole(0)}),
                "limits": shape(_bounds()),
            }
        ),
        "TargetsHealth": shape(
            {
                "object": text("list"),
                "data": many(ref("TargetHealth")),
                "retries": said(whole(0), "Calls tried again in the last ten seconds."),
            }
        ),
    }


def _bounds() -> dict[str, Schema]:
    return {
        "concurrency": said(whole(0, 1_000_000), "Most calls open there; 0: no bound."),
        "rpm": said(whole(0, 1_000_000), "Most calls sent there in any minute; 0: no bound."),
        "tpm": said(whole(0, 10**12), "Most tokens sent there in any minute; 0: no bound."),
        "first_token_s": said(number(0, 86_400), "How long a stream may take to begin; 0: no bound."),
    }


def _list_of(item: Schema) -> Schema:
    return shape({"object": text("list"), "data": many(item)}, {"total": whole(0), "has_more": flag()})
