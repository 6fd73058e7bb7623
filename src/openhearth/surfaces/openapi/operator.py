"""What an operator's programs call: health, and the administration of targets and engines."""

from typing import Any

from openhearth.core.operations import Operation
from openhearth.surfaces.openapi.operation import JSON, operation
from openhearth.surfaces.openapi.schema import Schema, flag, many, number, ref, said, shape, text, whole

_ID = {"id": text(least=1)}
_OPERATION = text(*Operation)


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    return {
        "/health/live": {"get": operation("The process answers", {JSON: ref("Health")}, open_to_all=True)},
        "/health/ready": {"get": operation("Calls are taken", {JSON: ref("Health")}, open_to_all=True)},
        "/metrics": {
            "get": operation("Numbers in Prometheus' text form", {"text/plain": {"type": "string"}}, open_to_all=True)
        },
        "/admin/v1/targets": {
            "get": operation("All targets", {JSON: _list_of(ref("Target"))}),
            "post": operation(
                "Attach a target",
                {JSON: ref("Target")},
                body={JSON: ref("NewTarget")},
                example={"base_url": "https://api.example.com/v1", "model": "my-model"},
                status="201",
            ),
        },
        "/admin/v1/targets/{id}": {
            "delete": operation("Detach a target", {JSON: shape({"id": text(), "deleted": flag()})}, path=_ID)
        },
        "/admin/v1/targets/{id}/test": {
            "post": operation("Ask a target whether it works", {JSON: ref("Probe")}, path=_ID)
        },
        "/admin/v1/engines": {"get": operation("The embedded engines", {JSON: _list_of(ref("Engine"))})},
    }


def schemas() -> dict[str, Schema]:
    """Components."""
    return {
        "Health": shape({"status": text()}, {"reason": text()}),
        **_targets(),
        "Probe": shape(
            {"ok": flag(), "latency_ms": whole(0)},
            {"models": whole(0), "error": text(), "state": text(), "load_s": number(0)},
        ),
        "Engine": shape(
            {"name": text(), "state": text(), "memory_bytes": whole(0), "load_s": number(0), "restarts": whole(0)},
            {"missing_packs": many(text()), "last_error": text(), "running": whole(0), "waiting": whole(0)},
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
            },
        ),
    }


def _list_of(item: Schema) -> Schema:
    return shape({"object": text("list"), "data": many(item)})
