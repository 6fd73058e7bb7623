"""The process that hears: ``python -m openhearth.engines.transcribe.worker``.

It keeps the model loaded and takes one order after the other. Its parent kills it to stop one; it ends by itself, in
the middle of an order too, when its standard input closes.
"""

import os
import queue
import resource
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec

from openhearth.core.errors import Bug, GatewayError, TooLarge
from openhearth.engines.failed import failed
from openhearth.engines.transcribe.audio import Sound, open_sound
from openhearth.engines.transcribe.frames import (
    At,
    Finished,
    Frame,
    Order,
    Ready,
    Said,
    decode_order,
    encode,
)
from openhearth.engines.transcribe.hearing import Asking, Hearer
from openhearth.engines.transcribe.script import Script
from openhearth.engines.transcribe.settings import TranscribeSettings
from openhearth.engines.transcribe.windows import Speaking, windows
from openhearth.engines.workshop import packed, unpacked

Send = Callable[[Frame], None]


def hear(hearer: Hearer, order: Order, audio_s: float, send: Send) -> Finished:
    """One order: its segments as they come, then its end. Raises RequestError."""
    listening = hearer.listen(
        Asking(
            translate=order.translate,
            language=order.language,
            languages=order.languages,
            prompt=order.prompt,
            keywords=order.keywords,
            temperature=order.temperature,
            with_words=order.with_words,
            with_chances=order.with_chances,
        )
    )
    script = Script(order.chinese)
    sound = open_sound(Path(order.path), audio_s)
    try:
        for window in windows(sound.pieces(), _speaking(order), lambda seconds: send(At(seconds, sound.duration_s))):
            for segment in listening.window(window):
                language = "en" if order.translate else listening.spoken
                send(Said(script.written(segment, language)))
        return Finished(tuple(listening.languages), listening.probability, _duration_s(sound))
    finally:
        sound.close()


def _duration_s(sound: Sound) -> float:
    return round(sound.heard_s, 3)


def _speaking(order: Order) -> Speaking:
    usual = Speaking()
    return Speaking(
        threshold=usual.threshold if order.threshold is None else order.threshold,
        pause_ms=usual.pause_ms if order.pause_ms is None else order.pause_ms,
        padding_ms=usual.padding_ms if order.padding_ms is None else order.padding_ms,
    )


def attempt(hearer: Hearer, order: Order, audio_s: float, send: Send) -> None:
    """One order, to its end or its failure."""
    try:
        send(hear(hearer, order, audio_s, send))
    except GatewayError as error:
        send(failed(error))
    except MemoryError:
        send(failed(TooLarge("The recording needs more memory than the engine may use.", param="file")))
    except Exception as error:  # the process must live on for the next order; the trace goes to the engine's log
        traceback.print_exc()
        send(failed(Bug(str(error))))


def serve(settings: TranscribeSettings, incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Hear what comes in, one after the other, until the input closes."""
    _bound_memory(settings.memory_bytes)
    bodies: queue.Queue[bytes] = queue.Queue(maxsize=1)
    threading.Thread(target=_receive, args=(incoming, bodies), daemon=True).start()
    hearer = Hearer(Path(settings.model), settings.used_threads)

    def send(frame: Frame) -> None:
        outgoing.write(packed(encode(frame)))
        outgoing.flush()

    send(Ready())
    while True:
        attempt(hearer, decode_order(bodies.get()), settings.audio_s, send)


def _bound_memory(most_bytes: int) -> None:
    """Bound the address space; a bound that the host has set already may be narrower."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most_bytes = most_bytes if hard == resource.RLIM_INFINITY else min(most_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))


def _receive(incoming: BinaryIO, bodies: "queue.Queue[bytes]") -> None:
    """Feed the hearing thread; leave at once, in the middle of an order too, when the parent is gone."""
    while (body := unpacked(incoming.read)) is not None:
        bodies.put(body)
    os._exit(0)


def main(arguments: list[str]) -> None:
    settings = msgspec.json.decode(arguments[0], type=TranscribeSettings)
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not end up in the frames
    serve(settings, sys.stdin.buffer, outgoing)


if __name__ == "__main__":
    main(sys.argv[1:])
