"""Which routes answer again, in one place: by key all that change or cost something, from the cache those listed."""

from collections.abc import Iterable

from starlette.routing import BaseRoute

from openhearth.config import Limits
from openhearth.core.operations import Operation
from openhearth.core.permissions import Permission
from openhearth.surfaces.http import Route
from openhearth.surfaces.repeats.cached import AnswerCache, Cached
from openhearth.surfaces.repeats.keeper import Keeper
from openhearth.surfaces.repeats.once import Once

READS = frozenset({"/admin/v1/targets/{id}/test"})
"""Paths whose POST makes and costs nothing: to ask again is to want to know again."""

CACHED = {
    "/v1/chat/completions": Operation.CHAT,
    "/v1/completions": Operation.COMPLETE,
    "/v1/embeddings": Operation.EMBED,
    "/v1/engines/{model:path}/embeddings": Operation.EMBED,
    "/v1/rerank": Operation.RERANK,
    "/v2/rerank": Operation.RERANK,
    "/v1/v2/rerank": Operation.RERANK,
    "/v1/moderations": Operation.MODERATE,
}
"""Paths whose answers may be kept in the cache: they follow from the body and make no object."""


def takes_key(route: Route) -> bool:
    """Whether a request to ``route`` may carry an ``Idempotency-Key``."""
    return _is_post(route) and route.permission is not Permission.PUBLIC and route.path not in READS


def repeating(routes: Iterable[BaseRoute], keeper: Keeper, cache: AnswerCache, limits: Limits) -> None:
    """Have every one of ``routes`` that may answer again do so. The key is looked at first: what the cache gave is an
    answer like any other."""
    for route in routes:
        if not isinstance(route, Route):
            continue
        if route.path in CACHED and _is_post(route):
            route.app = Cached(route.app, cache, CACHED[route.path])
        if takes_key(route):
            route.app = Once(route.app, keeper, limits)


def _is_post(route: Route) -> bool:
    return "POST" in (route.methods or ())
