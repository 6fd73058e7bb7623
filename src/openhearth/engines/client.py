"""Running the client of a package index (pip, npm) and following what it says.

They do the downloads of registry packages because every machine's are configured for its own mirror, proxy and
credentials; nothing of that is known or asked for here.
"""

import os
import selectors
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

import msgspec

from openhearth.engines.catalogue import PackError

STALL_S = 600.0
TICK_S = 1.0
LAST_WORDS = 6


class Run(msgspec.Struct, frozen=True):
    """What to run, and ``name``, what it is to fetch, for messages.

    ``heard`` gets each line and says whether it was progress (and no words for people); ``tick`` is called about every
    second: it may raise to stop the client.
    """

    program: str
    command: Sequence[str]
    name: str
    folder: Path
    environ: Mapping[str, str]
    heard: Callable[[str], bool]
    tick: Callable[[], None]


def follow(run: Run) -> None:
    """Run to the end. Raises PackError with the client's last words, or after ``STALL_S`` without a sign of life."""
    process = subprocess.Popen(
        run.command,
        cwd=run.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(run.environ),
    )
    assert process.stdout is not None
    last_words: deque[str] = deque(maxlen=LAST_WORDS)
    try:
        with process.stdout as output:
            _listen(output, last_words, run)
        code = process.wait(timeout=30)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if code != 0:
        raise PackError(f"{run.program} could not fetch {run.name}:\n" + "\n".join(last_words))


def _listen(output: IO[bytes], last_words: deque[str], run: Run) -> None:
    pending = b""
    heard_at = time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while True:
            run.tick()
            if not selector.select(timeout=TICK_S):
                if time.monotonic() - heard_at > STALL_S:
                    raise PackError(
                        f"Fetching {run.name} stalled for {STALL_S:.0f} s. Check the network and try again."
                    )
                continue
            data = os.read(output.fileno(), 65536)
            if not data:
                return
            heard_at = time.monotonic()
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                text = line.decode("utf-8", "replace").strip()
                if text and not run.heard(text):
                    last_words.append(text)
