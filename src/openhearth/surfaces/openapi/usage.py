"""Usage, the log of calls, and the same in OpenAI's form."""

from typing import Any, get_args

from openhearth.accounts.usage import Measure
from openhearth.core.call import Outcome
from openhearth.surfaces.openapi.operation import BYTES, JSON, operation
from openhearth.surfaces.openapi.schema import Schema, flag, many, maybe, number, ref, said, shape, text, whole

_LATEST_S = 32_503_680_000
_TIME: Schema = {
    "type": "string",
    "pattern": r"^(\d{1,10}|20\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])(T([01]\d|2[0-3]):[0-5]\dZ)?)$",
    "description": "Unix seconds, or ISO 8601.",
}
_NAME = text(most=256)
_NAMES = {"type": "array", "items": _NAME, "maxItems": 100}
_SCOPE = {"key": _NAMES, "user": _NAMES, "project": _NAMES, "org": _NAMES, "model": _NAMES, "operation": _NAMES}
_INSIDE = {"target": _NAMES}
_FORMAT = {"format": text("json", "csv", "parquet")}
_BY = {"by": text(most=100)}
_PERIOD = {"from": _TIME, "to": _TIME}
_CALLS = {
    **_PERIOD,
    **_SCOPE,
    **_INSIDE,
    "outcome": {"type": "array", "items": text(*Outcome), "maxItems": 6},
    "failed": text("true", "false"),
    "error_code": _NAME,
    "stream": text("true", "false"),
    "min_micros": whole(0, 10**15),
    "max_micros": whole(0, 10**15),
    "id": _NAME,
}
_PAGE = {"limit": whole(1, 1000), "cursor": text(), **_FORMAT}
_ORGANIZATION = {
    "start_time": whole(0, _LATEST_S),
    "end_time": whole(0, _LATEST_S),
    "limit": whole(1, 31),
    "page": text(),
    "project_ids": _NAMES,
    "user_ids": _NAMES,
    "api_key_ids": _NAMES,
    "models": _NAMES,
}
_USAGE = {
    **_ORGANIZATION,
    "bucket_width": text("1h", "1d"),
    "group_by": many(text("project_id", "user_id", "api_key_id", "model")),
}
_COSTS = {
    **_ORGANIZATION,
    "limit": whole(1, 180),
    "bucket_width": text("1d"),
    "group_by": many(text("project_id", "line_item")),
}


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    sums = {**_PERIOD, **_SCOPE, **_INSIDE, **_BY, **_FORMAT}
    totals = {**sums, "order": text(*get_args(Measure)), "limit": whole(1, 1000)}
    series = {**sums, "per": text("hour", "day"), "top": whole(1, 100)}
    return {
        **{
            path: {"get": operation(summary, _forms(ref(name)), query=query)}
            for path, summary, name, query in (
                ("/v1/usage", "What the caller used, summed", "Usage", totals),
                ("/v1/usage/series", "What the caller used, by hour or day", "UsageSeries", series),
                ("/v1/usage/calls", "The caller's calls, newest first", "Calls", {**_CALLS, **_PAGE}),
                ("/admin/v1/usage", "Usage, summed", "Usage", totals),
                ("/admin/v1/usage/series", "Usage by hour or day", "UsageSeries", series),
                ("/admin/v1/logs", "Calls, newest first", "Calls", {**_CALLS, **_PAGE}),
            )
        },
        "/admin/v1/logs/count": {
            "get": operation("How many calls a search finds", {JSON: ref("CallCount")}, query=_CALLS)
        },
        "/v1/organization/costs": {
            "get": operation("Costs of the organisation by day, in OpenAI's form", {JSON: ref("Buckets")}, query=_COSTS)
        },
        **{
            f"/v1/organization/usage/{kind}": {
                "get": operation(
                    f"Usage of the organisation in OpenAI's form: {kind}", {JSON: ref("Buckets")}, query=_USAGE
                )
            }
            for kind in ("completions", "embeddings", "moderations", "images")
        },
    }


def schemas() -> dict[str, Schema]:
    """Components."""
    counts = ("calls", "failures", "input_tokens", "output_tokens", "cached_tokens", "images", "duration_ms")
    sums = {**dict.fromkeys(counts, whole(0)), "charge_nanos": whole(0)}
    names = dict.fromkeys(("key_id", "user_id", "project_id", "org_id", "model", "target_id", "operation"), text())
    cost = said(whole(0), "For those who operate the platform.")
    period = {"from": whole(0), "to": whole(0)}
    bucket = {
        "object": text("bucket"),
        "start_time": whole(0),
        "end_time": whole(0),
        "results": many({"type": "object"}),
    }
    return {
        "UsageSum": said(
            shape(sums, {**names, "object": text(), "start": whole(0), "cost_nanos": cost}),
            "Amounts in billionths of a US dollar.",
        ),
        "Usage": shape(
            {
                "object": text("usage"),
                **period,
                "total": ref("UsageSum"),
                "data": many(ref("UsageSum")),
                "has_more": flag(),
            }
        ),
        "UsageSeries": shape(
            {"object": text("usage.series"), **period, "per": text("hour", "day"), "data": many(ref("UsageSum"))}
        ),
        "CallRow": shape(
            {
                "object": text("call"),
                "id": text(),
                "created_at": number(),
                "model": text(),
                "operation": text(),
                "outcome": text(*Outcome),
                "stream": flag(),
                "input_tokens": whole(0),
                "output_tokens": whole(0),
                "charge_nanos": whole(0),
                "error_code": text(),
            },
            {"key_id": text(), "user_id": text(), "project_id": text(), "org_id": text(), "cost_nanos": cost},
        ),
        "Calls": said(
            shape({"object": text("list"), "data": many(ref("CallRow")), "has_more": flag(), "next": maybe(text())}),
            "A page may be shorter than 'limit' although there is more: go on with 'cursor' set to 'next'.",
        ),
        "CallCount": shape({"object": text("count"), "count": whole(0), "exact": flag()}),
        "Buckets": shape(
            {"object": text("page"), "data": many(shape(bucket)), "has_more": flag(), "next_page": maybe(text())}
        ),
    }


def _forms(answer: Schema) -> dict[str, Schema]:
    return {JSON: answer, "text/csv": {"type": "string"}, "application/vnd.apache.parquet": BYTES}
