"""A program whose children serve calls until they are killed; a test starts it. A child costs no start of Python.

Reads lines of JSON (``Birth``): forks a child that opens, checkpoints and settles calls without end, and answers with
its process id. Collects dead children at once, because a process that is not collected still counts as running.
"""

import asyncio
import os
import random
import signal
import sys
from pathlib import Path

import msgspec

from openhearth.core.allowance import Bound, Limit
from openhearth.core.errors import LimitError, StoreAway
from tests.races.node import Node, Where, call_of, charge, come_to

STEPS = 5


class Birth(msgspec.Struct, frozen=True):
    """``journal`` gets a line for each call that is durable. ``calls`` is how many are open at a time."""

    where: Where
    journal: str
    seed: int
    now: float
    calls: int = 12


def final(call_id: str) -> int:
    """What a call costs in the end, by its name, so that everybody knows."""
    return 10 * (1 + sum(call_id.encode()) % 7)


async def serve(birth: Birth) -> None:
    node = Node(birth.where)
    await node.start()
    node.journal(Path(birth.journal))
    dice = random.Random(birth.seed)
    await asyncio.gather(*(_call_on(node, birth, number, dice) for number in range(birth.calls)))


async def _call_on(node: Node, birth: Birth, number: int, dice: random.Random) -> None:
    """One caller: a call after the other, each in steps, of which every one is a checkpoint."""
    turn = 0
    name = f"n{number % 3}"
    limits = [Limit(f"key:{name}", Bound.TOTAL, 10**12), Limit(f"org:{name}", Bound.CONCURRENCY, 1_000)]
    while True:
        turn += 1
        call = call_of(f"{birth.where.boot}_{number}_{turn}", name, limits, birth.now)
        try:
            reservation = await node.limits.reserve_shared(call, 100)
        except (LimitError, StoreAway):
            await asyncio.sleep(0.02)
            continue
        whole = final(call.id)
        for step in range(dice.randint(0, STEPS)):
            come_to(call, whole * step // STEPS)
            await asyncio.sleep(dice.random() / 20)
        charge(call, whole)
        reservation.settle(call)
        await asyncio.sleep(dice.random() / 100)


def main() -> None:
    signal.signal(signal.SIGCHLD, _collect)
    for line in sys.stdin:
        birth = msgspec.json.decode(line, type=Birth)
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            sys.stdin.close()
            asyncio.run(serve(birth))
            os._exit(1)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


def _collect(*_: object) -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    main()
