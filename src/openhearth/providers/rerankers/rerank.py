"""Asks one target to rank documents, in the form that it speaks."""

import re
from collections.abc import Iterable

import msgspec

from openhearth.core.errors import NotTranslatable, UpstreamGarbled
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Target
from openhearth.core.rerank import Ranked, RerankAnswer, RerankRequest
from openhearth.dialects import cohere_rerank, dashscope_rerank, jina_rerank
from openhearth.engines.ports import EngineHost
from openhearth.providers.refusal import refusal
from openhearth.transport.collect import collect
from openhearth.transport.post import outgoing, retry_after_s
from openhearth.transport.wire import Client, Deadlines

_DECODERS = {
    Dialect.JINA_RERANK: jina_rerank.decode,
    Dialect.COHERE_RERANK: cohere_rerank.decode,
    Dialect.DASHSCOPE_RERANK: dashscope_rerank.decode,
}
DIALECTS = frozenset(_DECODERS)
_MOST_ANSWER_BYTES = 64 * 1024 * 1024
_OPENAI_PREFIX = re.compile(r"/(compatibility|compatible-mode)/v1$|/v[12]$")


class RerankDriver:
    """``core.rerank.RerankDriver`` for every dialect in ``DIALECTS``. ``engines`` starts the embedded one when needed;
    ``strict`` refuses what cannot be carried over instead of reporting it."""

    def __init__(self, client: Client, engines: EngineHost, deadlines: Deadlines, *, strict: bool = False) -> None:
        self._client = client
        self._engines = engines
        self._deadlines = deadlines
        self._strict = strict

    async def rank(self, target: Target, request: RerankRequest) -> RerankAnswer:
        """See ``core.rerank.RerankDriver``."""
        if target.engine and not self._engines.ready(target.engine):
            await self._engines.ensure(target.engine)
        addressed, path, body, dropped = _shaped(target, request)
        if dropped and self._strict:
            raise NotTranslatable(f"{target.id} does not know the field '{dropped[0][:64]}'.", param=dropped[0][:64])
        call = outgoing(addressed, path, "application/json", body, self._deadlines)
        answer = await collect(self._client, call, most_bytes=_MOST_ANSWER_BYTES)
        if answer.status != 200:
            raise refusal(answer.status, answer.body, target, retry_after_s(answer.headers))
        ignored = answer.header(b"x-openhearth-dropped").decode("ascii", "replace").split(",")
        dropped += tuple(name.strip() for name in ignored if name.strip())
        return _read(answer.body, target, request, dropped)


def _shaped(target: Target, request: RerankRequest) -> tuple[Target, str, bytes, tuple[str, ...]]:
    """The target with this form's path prefix, the path, the body, and what is not in it."""
    model = target.upstream_model or request.model
    dialect = target.speaks(Operation.RERANK)
    if dialect is Dialect.JINA_RERANK:
        body, dropped = jina_rerank.encode(request, model, everything=bool(target.engine))
        return target, jina_rerank.PATH, body, dropped
    # These two have the form outside the base address under which they copy OpenAI's.
    outside = msgspec.structs.replace(target, base_path=_OPENAI_PREFIX.sub("", target.base_path))
    if dialect is Dialect.COHERE_RERANK:
        return outside, cohere_rerank.PATH, *cohere_rerank.encode(request, model)
    return outside, dashscope_rerank.PATH, *dashscope_rerank.encode(request, model)


def _read(body: bytes, target: Target, request: RerankRequest, dropped: tuple[str, ...]) -> RerankAnswer:
    try:
        found, tokens, units = _DECODERS[target.provider.speaks[Operation.RERANK]](body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamGarbled(f"{target.id} answered something that is no ranking.", target=target.id) from error
    results = _checked(found, target, len(request.documents))
    return RerankAnswer(tuple(results[: request.top_n]), max(0, tokens), max(0, units), dropped)


def _checked(found: Iterable[Ranked], target: Target, count: int) -> list[Ranked]:
    """Best first. Raises UpstreamGarbled for an index that points nowhere, or twice to the same document."""
    results = sorted(found, key=lambda one: -one.score)
    indexes = [one.index for one in results]
    if len(set(indexes)) != len(indexes) or any(not 0 <= index < count for index in indexes):
        raise UpstreamGarbled(f"{target.id} ranked documents that were not sent.", target=target.id)
    return results
