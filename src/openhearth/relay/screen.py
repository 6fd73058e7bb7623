"""Moderation of what a key sends and gets, for keys that are held to it: called before and after a model.

Nothing goes unchecked: when the moderation cannot answer, the call that wanted it fails. A check is a call of its own,
in the ledger under the same key.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from openhearth.core.call import Principal, Usage
from openhearth.core.errors import Flagged, GatewayError, RequestError, UpstreamGarbled, UpstreamRejected
from openhearth.core.operations import Operation
from openhearth.core.provider import RELAYED, Target
from openhearth.engines.ports import EngineHost
from openhearth.relay.retry import classify
from openhearth.relay.work import Calls, Work
from openhearth.transport.collect import collect
from openhearth.transport.post import outgoing
from openhearth.transport.wire import Client, Deadlines

MOST_CHARS = 50_000
MOST_TEXTS = 32
_OVERLAP_CHARS = 200
_MOST_ANSWER_BYTES = 4 * 1024 * 1024
_MODERATE = RELAYED[Operation.MODERATE]

Input = str | list[str] | list[dict[str, object]]


class Seen(Protocol):
    """A picture's bytes and kind: ``core.media.Picture``, ``core.media.MadePicture``."""

    @property
    def data(self) -> bytes: ...

    @property
    def mime(self) -> str: ...


class _Result(msgspec.Struct):
    flagged: bool
    categories: dict[str, bool | None]


class _Answer(msgspec.Struct):
    results: list[_Result]


def checks_input(principal: Principal) -> bool:
    """Whether what this key sends is to be checked."""
    return principal.screens in ("input", "both")


def checks_output(principal: Principal) -> bool:
    """Whether what this key gets is to be checked."""
    return principal.screens in ("output", "both")


class Screen:
    """Asks the model ``model`` (``moderation.model``), whoever serves it."""

    def __init__(self, calls: Calls, client: Client, engines: EngineHost, deadlines: Deadlines, *, model: str) -> None:
        self._calls = calls
        self._client = client
        self._engines = engines
        self._deadlines = deadlines
        self._model = model

    async def check(self, principal: Principal, texts: Sequence[str], pictures: Sequence[Seen] = ()) -> None:
        """Return when nothing is flagged; callers ask ``checks_input`` and ``checks_output`` before.

        Raises Flagged naming the categories, and what the moderation's own failure raises.
        """
        anyone = msgspec.structs.replace(principal, models=())  # a key's list of models is not about its guard
        for given in requests_of(texts, pictures):
            flagged = await self._flagged(anyone, given)
            if flagged:
                raise Flagged(f"Flagged by moderation: {', '.join(flagged)}.")

    async def after(self, work: Work, texts: Sequence[str], pictures: Sequence[Seen] = ()) -> None:
        """``check`` of what a call has made. What is withheld was made all the same: the call is settled as one that
        went well, and what it used is charged."""
        try:
            await self.check(work.call.principal, texts, pictures)
        except GatewayError:
            work.finish()
            raise

    async def _flagged(self, principal: Principal, given: Input) -> list[str]:
        work = await self._calls.open(
            principal, Operation.MODERATE, self._model, dialects={_MODERATE.dialect}, worst=Usage()
        )

        async def attempt(target: Target) -> _Answer:
            return await self._asked(target, given)

        with work:
            answer = await work.one(attempt)
        found = [result.categories for result in answer.results if result.flagged]
        return _names(found)

    async def _asked(self, target: Target, given: Input) -> _Answer:
        if target.engine and not self._engines.ready(target.engine):
            await self._engines.ensure(target.engine)
        body = msgspec.json.encode({"model": target.upstream_model or self._model, "input": given})
        call = outgoing(target, _MODERATE.path, "application/json", body, self._deadlines)
        answer = await collect(self._client, call, most_bytes=_MOST_ANSWER_BYTES)
        if answer.status != 200:
            error = classify(answer.status, answer.headers, answer.body, target.id, is_ours=bool(target.engine))
            raise _unseen(error) if isinstance(error, UpstreamRejected) else error
        expected = len(given) if isinstance(given, list) and isinstance(given[0], str) else 1
        try:
            read = msgspec.json.decode(answer.body, type=_Answer)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UpstreamGarbled(f"{target.id} answered something that is no moderation.", target=target.id) from error
        if len(read.results) != expected:
            raise UpstreamGarbled(f"{target.id} did not moderate all that was sent.", target=target.id)
        return read


def _unseen(error: UpstreamRejected) -> RequestError:
    """What the moderation cannot look at (a drawing, an animation), in words about the call that it guards."""
    return RequestError(f"This key is moderated, and this cannot be: {error.message}", code="unsupported_content")


def _names(found: Sequence[Mapping[str, bool | None]]) -> list[str]:
    named = sorted({category for categories in found for category, is_so in categories.items() if is_so})
    return named or (["unnamed"] if found else [])


def requests_of(texts: Sequence[str], pictures: Sequence[Seen]) -> Iterator[Input]:
    """What is sent, one request after another: texts in batches, each picture alone (OpenAI takes one at a time)."""
    batch: list[str] = []
    for text in (piece for whole in texts for piece in _pieces(whole)):
        if batch and (len(batch) == MOST_TEXTS or sum(map(len, batch)) + len(text) > MOST_CHARS):
            yield batch
            batch = []
        batch.append(text)
    if batch:
        yield batch
    for picture in pictures:
        uri = f"data:{picture.mime};base64,{base64.b64encode(picture.data).decode()}"
        part: dict[str, object] = {"type": "image_url", "image_url": {"url": uri}}
        yield [part]


def _pieces(text: str) -> Iterator[str]:
    """The text, cut with some overlap when one request does not take it; nothing for blanks."""
    step = MOST_CHARS - _OVERLAP_CHARS
    for at in range(0, max(1, len(text) - _OVERLAP_CHARS), step):
        piece = text[at : at + MOST_CHARS]
        if piece.strip():
            yield piece
