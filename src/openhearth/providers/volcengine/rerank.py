"""Drives the rerankers of Volcengine's VikingDB knowledge base: signed calls of at most 50 documents, one by one."""

import msgspec

from openhearth.core.errors import NotTranslatable, UpstreamDown, UpstreamGarbled, UpstreamRefusedUs, UpstreamRejected
from openhearth.core.provider import Target
from openhearth.core.rerank import Ranked, RerankAnswer, RerankRequest
from openhearth.dialects import viking_rerank
from openhearth.transport.collect import collect
from openhearth.transport.volcengine_sign import Scope, signed
from openhearth.transport.wire import Client, Deadlines

_SCOPE = Scope("air", "cn-north-1")
_MOST_ANSWER_BYTES = 4 * 1024 * 1024


class VikingRerankDriver:
    """``core.rerank.RerankDriver`` for ``Dialect.VIKING_RERANK``. ``strict`` refuses what cannot be carried over."""

    def __init__(self, client: Client, deadlines: Deadlines, *, strict: bool = False) -> None:
        self._client = client
        self._deadlines = deadlines
        self._strict = strict

    async def rank(self, target: Target, request: RerankRequest) -> RerankAnswer:
        """See ``core.rerank.RerankDriver``."""
        dropped = viking_rerank.dropped(request)
        if dropped and self._strict:
            raise NotTranslatable(f"{target.id} does not know the field '{dropped[0][:64]}'.", param=dropped[0][:64])
        scores: list[float] = []
        tokens = 0
        for body, count in viking_rerank.encode(request, target.upstream_model or request.model):
            found, used = await self._asked(target, body, count)
            scores += found
            tokens += used
        order = sorted(range(len(scores)), key=lambda at: -scores[at])
        results = tuple(Ranked(at, scores[at]) for at in order[: request.top_n])
        return RerankAnswer(results, tokens, 0, dropped)

    async def _asked(self, target: Target, body: bytes, count: int) -> tuple[list[float], int]:
        call = signed(target, viking_rerank.PATH, body, _SCOPE, self._deadlines)
        answer = await collect(self._client, call, most_bytes=_MOST_ANSWER_BYTES)
        try:
            scores, tokens = viking_rerank.decode(answer.body, target.id)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            if answer.status >= 400:
                raise _by_status(answer.status, target.id) from error
            raise UpstreamGarbled(f"{target.id} answered something that is no ranking.", target=target.id) from error
        if answer.status >= 400:
            raise _by_status(answer.status, target.id)
        if len(scores) != count:
            raise UpstreamGarbled(f"{target.id} gave {len(scores)} scores for {count} documents.", target=target.id)
        return scores, tokens


def _by_status(status: int, name: str) -> UpstreamDown | UpstreamRefusedUs | UpstreamRejected:
    """The error of an answer that does not say its own."""
    if status in (401, 403):
        return UpstreamRefusedUs(f"{name} refused our credential.", target=name, upstream_status=status)
    if status >= 500:
        return UpstreamDown(f"{name} answered {status}.", target=name, upstream_status=status)
    return UpstreamRejected(f"{name} answered {status}.", target=name, upstream_status=status)
