"""What the cache holds and saved: ``GET /admin/v1/cache`` for operators, and lines on the page of metrics."""

from collections.abc import Iterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.core.call import Principal
from openhearth.core.permissions import Permission
from openhearth.relay.gate import Gate
from openhearth.surfaces.http import Json, Route, known_caller
from openhearth.surfaces.repeats.cached import AnswerCache
from openhearth.surfaces.repeats.savings import Saved


class CacheReport(msgspec.Struct):
    """The body of ``GET /admin/v1/cache``, since the process began. ``object`` is always ``cache``."""

    entries: int
    size_bytes: int
    most_bytes: int
    hits: int
    misses: int
    saved_nanos: int
    data: list[Saved]
    object: str = "cache"


def routes(cache: AnswerCache, gate: Gate) -> list[BaseRoute]:
    """One path."""

    async def show(_: Request, __: Principal) -> Response:
        by_key = await cache.savings.all()
        return Json(
            CacheReport(
                entries=len(cache.shelf),
                size_bytes=cache.shelf.size_bytes,
                most_bytes=cache.settings.bytes,
                hits=cache.savings.hits,
                misses=cache.savings.misses,
                saved_nanos=cache.savings.saved_nanos,
                data=by_key,
            )
        )

    return [Route("/admin/v1/cache", known_caller(gate, show), methods=["GET"], permission=Permission.OPERATE)]


def cache_lines(cache: AnswerCache) -> Iterator[str]:
    """Lines of Prometheus' text form (exposition format 0.0.4)."""
    savings = cache.savings
    yield from _head("answers_total", "counter", "Answers looked for in the cache, by whether they were there.")
    yield f'openhearth_cache_answers_total{{result="hit"}} {savings.hits}'
    yield f'openhearth_cache_answers_total{{result="miss"}} {savings.misses}'
    numbers = (
        ("saved_nanos_total", "counter", "What the cache saved callers, in billionths of a USD.", savings.saved_nanos),
        ("entries", "gauge", "Answers in the cache.", len(cache.shelf)),
        ("bytes", "gauge", "Memory the cached answers take.", cache.shelf.size_bytes),
    )
    for name, kind, about, value in numbers:
        yield from _head(name, kind, about)
        yield f"openhearth_cache_{name} {value}"


def _head(name: str, kind: str, about: str) -> Iterator[str]:
    yield f"# HELP openhearth_cache_{name} {about}"
    yield f"# TYPE openhearth_cache_{name} {kind}"
