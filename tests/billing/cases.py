"""The cases of the relay: what an upstream says, where it or the client breaks off, who asks at which door.

``expected`` is the policy; ``cases`` mixes everything with everything, the same way in every run.
"""

import itertools
import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec

from tests.billing.answers import TEXT, Answer, failing, streams, wholes
from tests.billing.policy import CRAFT, PRICES, Worth, unpaid, worth

RATIOS = (500_000, 1_000_000, 1_370_000, 0)
LEAST = 5_000


class Door(StrEnum):
    """How the client comes, and how it leaves: a lost connection, a disconnect told to the app, a cancelled task."""

    FAST = "fast"
    ASGI = "asgi"
    CANCELLED = "asgi, cancelled"


class End(StrEnum):
    """Where a call ends, if not with the end of the answer."""

    WHOLE = "to its end"
    BEFORE_CONNECT = "client left before a connection"
    BEFORE_HEAD = "client left before the head"
    IN_HEAD = "client left inside the head"
    CLIENT = "client left"
    AFTER = "client left after the end"
    UPSTREAM = "upstream broke off"


class First(StrEnum):
    """What an earlier target did before the one that answers."""

    NONE = "nothing"
    REFUSED = "took no connection"
    BUSY = "429"
    DOWN = "503"
    SLOW = "504"
    GARBLED = "garbled"
    ERROR = "error with usage"
    RESET = "hung up"


class Wish(StrEnum):
    """What the client asks of a stream besides."""

    NOTHING = "nothing"
    USAGE = "usage"
    COST = "cost"


class Case(msgspec.Struct, frozen=True):
    """One call. ``status`` other than 200: the last target refuses with it. ``cut``: bytes of the body that came."""

    answer: Answer
    end: End
    cut: int
    door: Door
    price: str
    ratio_ppm: int
    wish: Wish = Wish.NOTHING
    first: First = First.NONE
    status: int = 200

    @property
    def model(self) -> str:
        return f"{self.price}, second" if self.first is not First.NONE else self.price

    @property
    def request(self) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self.model, "messages": [{"role": "user", "content": "Say good day 你好"}]}
        if self.answer.stream:
            body["stream"] = True
        if self.answer.stream and self.wish is Wish.USAGE:
            body["stream_options"] = {"include_usage": True}
        if self.wish is Wish.COST:
            body["usage"] = {"include": True}
        return body

    @property
    def body_bytes(self) -> int:
        return len(json.dumps(self.request).encode())


def expected(case: Case) -> Worth:
    """What the ledger must say."""
    target = target_name(case.model)
    if case.status != 200:
        return unpaid("timeout" if case.status in (408, 504) else "failed", target)
    if case.end in (End.BEFORE_CONNECT, End.BEFORE_HEAD, End.IN_HEAD):
        return unpaid("client_gone", target)
    came = case.answer.before(case.cut)
    is_whole = case.answer.stream and any(block.data.startswith(b"data: [DONE]") for block in came)
    if (case.end is End.UPSTREAM and not is_whole) or any(block.fails for block in came):
        return unpaid("failed", target)
    if case.end is End.CLIENT:
        delivered = case.answer.stream and any(block.counts for block in came)
        return _paid(case, "client_gone", target) if delivered else unpaid("client_gone", target)
    return unpaid("failed", target) if case.answer.is_error else _paid(case, "ok", target)


def _paid(case: Case, outcome: str, target: str) -> Worth:
    came = case.answer.before(case.cut)
    reports = [block.reported.means for block in came if block.reported and block.reported.means is not None]
    usage, source = (reports[-1], "upstream") if reports else (_estimate(case), "estimate")
    events = sum(block.counts for block in came)
    if outcome == "client_gone" and not usage.get("output_tokens") and events > 1:
        usage, source = {**usage, "output_tokens": events}, "estimate"  # the report was of a beginning
    return worth(outcome, target, usage, source, price=case.price, ratio_ppm=case.ratio_ppm)


def _estimate(case: Case) -> dict[str, int]:
    """Four bytes a token in. Out: one event a token; four bytes a token of a text that came whole."""
    came = case.answer.before(case.cut)
    out = sum(block.counts for block in came) if case.answer.stream else -(-len(TEXT.encode()) // 4)
    return {"input_tokens": case.body_bytes // 4, "output_tokens": out}


def target_name(model: str) -> str:
    """Who answers ``model`` in the end."""
    return f"target-{model}"


def cases() -> list[Case]:
    """At least ``LEAST``. Every answer meets every ending; doors, prices, ratios and wishes go round beside."""
    ways = itertools.cycle(itertools.product(Door, RATIOS, Wish))
    prices = itertools.cycle([name for name in PRICES if name != CRAFT])
    found: list[Case] = []
    for answer, end, cut, first, status in _happenings():
        for _ in range(_TIMES[end] if first is First.NONE else 1):
            door, ratio_ppm, wish = next(ways)
            found.append(Case(answer, end, cut, door, next(prices), ratio_ppm, wish, first, status))
    return found


_TIMES = {
    End.WHOLE: 19, End.BEFORE_CONNECT: 3, End.BEFORE_HEAD: 3, End.IN_HEAD: 3, End.CLIENT: 5, End.AFTER: 5,
    End.UPSTREAM: 2,
}  # fmt: skip
_Happening = tuple[Answer, End, int, First, int]


def _happenings() -> Iterator[_Happening]:
    good = [*streams(), *wholes()]
    for answer in [*good, *failing()]:
        size = len(answer.body)
        yield answer, End.WHOLE, size, First.NONE, 200
        yield answer, End.AFTER, size, First.NONE, 200
        for end in (End.BEFORE_CONNECT, End.BEFORE_HEAD, End.IN_HEAD):
            yield answer, end, 0, First.NONE, 200
        for cut in answer.cuts:
            if answer.stream or cut < size:
                yield answer, End.CLIENT, cut, First.NONE, 200
                yield answer, End.UPSTREAM, cut, First.NONE, 200
    for first in First:
        for answer in good if first is not First.NONE else ():
            yield answer, End.WHOLE, len(answer.body), first, 200
            yield answer, End.CLIENT, len(answer.body) // 2, first, 200
    for status, answer in itertools.product((400, 401, 404, 408, 422, 429, 500, 503, 504, 529), (good[0], good[-1])):
        yield answer, End.WHOLE, 0, First.NONE, status
