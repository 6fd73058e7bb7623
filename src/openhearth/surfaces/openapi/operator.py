"""What an operator's programs call: health, and the embedded engines."""

from typing import Any

from openhearth.surfaces.openapi.operation import JSON, operation
from openhearth.surfaces.openapi.schema import Schema, many, number, ref, shape, text, whole


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    return {
        "/health/live": {"get": operation("The process answers", {JSON: ref("Health")}, open_to_all=True)},
        "/health/ready": {"get": operation("Calls are taken", {JSON: ref("Health")}, open_to_all=True)},
        "/metrics": {
            "get": operation("Numbers in Prometheus' text form", {"text/plain": {"type": "string"}}, open_to_all=True)
        },
        "/admin/v1/engines": {"get": operation("The embedded engines", {JSON: _list_of(ref("Engine"))})},
    }


def schemas() -> dict[str, Schema]:
    """Components."""
    return {
        "Health": shape({"status": text()}, {"reason": text()}),
        "Engine": shape(
            {"name": text(), "state": text(), "memory_bytes": whole(0), "load_s": number(0), "restarts": whole(0)},
            {"missing_packs": many(text()), "last_error": text(), "running": whole(0), "waiting": whole(0)},
        ),
    }


def _list_of(item: Schema) -> Schema:
    return shape({"object": text("list"), "data": many(item)})
