"""The way into a target: a place there now, a turn in its line, or the next model.

Nothing here awaits but ``wait``; the relay calls the rest from its callbacks. Targets of one model stand next to each
other in a call's list: those asked for first, then each model that may answer in their place.
"""

import asyncio
import random
import time
from collections.abc import Callable

import msgspec

from openhearth.core.errors import LimitError, NoTargetLeft
from openhearth.core.provider import Target
from openhearth.routing.health import Health, State
from openhearth.routing.line import Waiter
from openhearth.routing.rooms import Place, Room


class Wish(msgspec.Struct, frozen=True):
    """What a call says of itself: its tenant, the tokens it will cost at least, and how many targets of a model it may
    try. ``overbooks``: it takes a place also where none is free, because calls that have one wait for it."""

    owner: str
    tokens: int = 0
    attempts: int = 3
    overbooks: bool = False


class Entrance:
    """The rooms of all targets that calls have to be let into."""

    def __init__(
        self,
        health: Health,
        *,
        queue_calls: int = 1000,
        queue_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.health = health
        self._clock = clock
        self._queue_calls = queue_calls
        self._queue_s = queue_s
        self._draw = draw
        self._rooms: dict[str, Room] = {}

    def enter(self, targets: list[Target], tried: int, wish: Wish) -> Place | None:
        """A place at the first of ``targets[tried:]`` that takes the call, which is then ``targets[tried]``.

        ``None``: all places of the next model are taken, and ``wait`` may be awaited. Models of which no target can be
        asked are taken out of the list. Raises NoTargetLeft (``circuit_open``) when none is left.
        """
        shut: list[Target] = []
        while tried < len(targets):
            end = _end(targets, tried)
            is_full = False
            for at in range(tried, end if _may_try(targets, tried, wish) else tried):
                target = targets[at]
                if not self.health.lets_in(target.id):
                    shut.append(target)
                    continue
                room = self.room(target)
                if not wish.overbooks and (room.line.count or room.fits_in_s(self._clock(), wish.tokens) != 0.0):
                    is_full = True
                    continue
                targets.insert(tried, targets.pop(at))
                return self._take(room, target, wish.tokens)
            if is_full:
                return None
            del targets[tried:end]
        raise self._shut(shut)

    async def wait(self, targets: list[Target], tried: int, wish: Wish) -> Place:
        """A place at one of the targets that ``enter`` found full, which is then ``targets[tried]``.

        Raises LimitError (``queue_full``, ``queue_timeout``) with the wait to expect as measured, and NoTargetLeft when
        all of them are shut meanwhile. Cancelling leaves the line.
        """
        group = targets[tried : _end(targets, tried)]
        open_ones = {target.id: target for target in group if self.health.lets_in(target.id)}
        rooms = {target.id: self.room(target) for target in open_ones.values()}
        loop = asyncio.get_running_loop()
        waiter: Waiter[Place] = Waiter(wish.owner, wish.tokens, open_ones, loop.create_future())
        self._join(rooms, waiter)
        timer = loop.call_later(self._queue_s, self._give_up, waiter, rooms)
        try:
            place = await waiter.got
        except asyncio.CancelledError:
            if waiter.got.done() and not waiter.got.cancelled() and waiter.got.exception() is None:
                waiter.got.result().leave()
            raise
        finally:
            timer.cancel()
            waiter.leave()
        targets.remove(place.target)
        targets.insert(tried, place.target)
        return place

    def room(self, target: Target) -> Room:
        """What goes on at ``target``."""
        room = self._rooms.get(target.id)
        if room is None:
            self._rooms[target.id] = room = Room(target.id)
        room.limits = target.limits
        return room

    def looked_at(self, target_id: str) -> tuple[int, int]:
        """How many calls have a place there, and how many wait."""
        room = self._rooms.get(target_id)
        return (len(room.open), room.line.count) if room else (0, 0)

    def forget(self, target_id: str) -> None:
        """The target is gone: nobody waits for it any more."""
        room = self._rooms.pop(target_id, None)
        if room is not None:
            said = "The target that this call waited for was taken out of use."
            self._turn_away(room, lambda _: NoTargetLeft(said, retry_after_s=1.0))

    def changed(self, target_id: str) -> None:
        """Its circuit opened or closed, or its limits are others: those who wait may have to go, or may go in."""
        room = self._rooms.get(target_id)
        if room is None:
            return
        if self.health.state(target_id) is State.OPEN:
            self._turn_away(room, lambda waiter: self._shut(list(waiter.targets.values())))
        else:
            self._serve(room)

    def heard(self, place: Place) -> None:
        """``Place.heard``."""
        self.health.heard(place.target.id, self._clock() - place.since_s)

    def left(self, place: Place, used_tokens: int) -> None:
        """``Place.leave``."""
        if place.probes:
            self.health.probe(place.target.id, begins=False)
        room = self._rooms.get(place.target.id)
        if room is not None:  # not taken away meanwhile
            room.give_back(place, self._clock(), used_tokens)
            self._serve(room)

    def _take(self, room: Room, target: Target, tokens: int) -> Place:
        probes = self.health.state(target.id) is not State.CLOSED
        if probes:
            self.health.probe(target.id, begins=True)
        place = Place(self, target, self._clock(), tokens, probes=probes)
        room.take(place)
        return place

    def _join(self, rooms: dict[str, Room], waiter: Waiter[Place]) -> None:
        """Into the lines that have space; from full ones the greediest tenant's newest call must go instead."""
        now_s = self._clock()
        waits_s = [room.fits_in_s(now_s, waiter.tokens) for room in rooms.values()]
        if rooms and all(wait_s is not None and wait_s > self._queue_s for wait_s in waits_s):
            raise self._late(rooms, waiter)
        open_to = [room for room in rooms.values() if room.line.count < self._queue_calls]
        for room in () if open_to else rooms.values():
            surplus = room.line.surplus(waiter.owner)
            if surplus is not None:
                surplus.leave()
                surplus.got.set_exception(self._full(rooms, surplus))
                open_to = [room]
                break
        if not open_to:
            raise self._full(rooms, waiter) if rooms else self._shut([])
        for room in open_to:
            room.line.add(waiter)
        for room in open_to:
            self._serve(room)  # a minute may have passed since it was full

    def _serve(self, room: Room) -> None:
        """Give away the places that are free, in turn."""
        while (waiter := room.line.next()) is not None:
            if waiter.got.done():  # cancelled a moment ago
                waiter.leave()
                continue
            if not self.health.lets_in(room.id):
                return
            wait_s = room.fits_in_s(self._clock(), waiter.tokens)
            if wait_s is None:
                return
            if wait_s:
                self._serve_later(room, wait_s)
                return
            target = waiter.targets[room.id]
            waiter.leave()
            room.line.served(waiter.owner)
            waiter.got.set_result(self._take(room, target, waiter.tokens))

    def _serve_later(self, room: Room, wait_s: float) -> None:
        if room.timer is None:
            room.timer = asyncio.get_running_loop().call_later(wait_s, self._timed, room)

    def _timed(self, room: Room) -> None:
        room.timer = None
        self._serve(room)

    def _turn_away(self, room: Room, why: Callable[[Waiter[Place]], NoTargetLeft]) -> None:
        """Nobody waits here any more; those who wait nowhere else are told."""
        if room.timer is not None:
            room.timer.cancel()
            room.timer = None
        for waiter in room.line:
            room.line.remove(waiter)
            if not waiter.lines and not waiter.got.done():
                waiter.got.set_exception(why(waiter))

    def _give_up(self, waiter: Waiter[Place], rooms: dict[str, Room]) -> None:
        if not waiter.got.done():
            waiter.leave()
            waiter.got.set_exception(self._late(rooms, waiter))

    def _late(self, rooms: dict[str, Room], waiter: Waiter[Place]) -> LimitError:
        return LimitError(
            f"No place comes free within {self._queue_s:g} s: every target of this model is at its limit.",
            code="queue_timeout",
            retry_after_s=self._expected_s(rooms, waiter),
        )

    def _full(self, rooms: dict[str, Room], waiter: Waiter[Place]) -> LimitError:
        return LimitError(
            "Every target of this model is at its limit, and so many calls wait that no more are taken.",
            code="queue_full",
            retry_after_s=self._expected_s(rooms, waiter),
        )

    def _expected_s(self, rooms: dict[str, Room], waiter: Waiter[Place]) -> float:
        """How long one more such call would wait, by what was measured; up to a tenth longer, so that those turned away
        together do not come back together."""
        now_s = self._clock()
        ahead = max((room.line.ahead_of(waiter.owner) for room in rooms.values()), default=0)
        apart_s = {room.id: room.serves_each_s(now_s) for room in rooms.values()}
        first_s = [room.fits_in_s(now_s, waiter.tokens) or apart_s[room.id] for room in rooms.values()]
        per_s = sum(1.0 / each_s for each_s in apart_s.values()) or 1.0
        return (min(first_s, default=1.0) + ahead / per_s) * (1.0 + 0.1 * self._draw())

    def _shut(self, shut: list[Target]) -> NoTargetLeft:
        waits = [self.health.opens_in_s(target.id) for target in shut]
        named = "; ".join(f"{target.id}: {self.health.seen(target.id).last_error}" for target in shut)
        why = f"they failed too often ({named})" if named else "they failed too often"
        return NoTargetLeft(
            f"Nothing is sent to this model's targets for now: {why}.",
            code="circuit_open",
            retry_after_s=max(1.0, min(waits, default=1.0)),
        )


def skip_model(targets: list[Target], tried: int) -> bool:
    """Take the next model's targets out of the list; whether another model is left."""
    del targets[tried : _end(targets, tried)]
    return tried < len(targets)


def _may_try(targets: list[Target], tried: int, wish: Wish) -> bool:
    """Whether one more target of the next model may be tried: of one that stands in, a single one."""
    model = targets[tried].fallback
    most = 1 if model else wish.attempts
    return sum(target.fallback == model for target in targets[:tried]) < most


def _end(targets: list[Target], tried: int) -> int:
    """Where the targets of the next model end."""
    end = tried
    while end < len(targets) and targets[end].fallback == targets[tried].fallback:
        end += 1
    return end
