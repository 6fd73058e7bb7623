"""A worker without a model, for tests of the engine around it: the prompt of an order says what happens."""

import os
import sys
import time

from openhearth.core.errors import Bug, RequestError
from openhearth.core.transcript import Segment, TokenChance, Word
from openhearth.engines.failed import failed
from openhearth.engines.transcribe.frames import At, Finished, Frame, Order, Ready, Said, decode_order, encode
from openhearth.engines.workshop import packed, unpacked

COMMAND = (sys.executable, "-m", "tests.engines.scripted_listener")


def say(frame: Frame) -> None:
    sys.stdout.buffer.write(packed(encode(frame)))
    sys.stdout.buffer.flush()


def work(order: Order) -> None:
    with open(order.path, "rb") as file:
        size = len(file.read())
    if order.prompt == "die":
        os._exit(3)
    if order.prompt == "refuse":
        say(failed(RequestError("No sound.", param="file", code="invalid_audio")))
        return
    if order.prompt == "bug":
        say(failed(Bug("secret detail")))
        return
    words = (Word("Hello", 0.0, 0.5, 0.5), Word(f"{size}.", 0.5, 1.0, 1.0)) if order.with_words else ()
    chances = (TokenChance(" Hello", b" Hello", -0.5),) if order.with_chances else ()
    say(At(1.0, 2.0))
    said = f" Hello {size}."
    say(Said(Segment(0.0, 1.0, said, tokens=(1, 2), words=words, chances=chances)))
    if order.prompt == "spin":
        time.sleep(600)
    if order.prompt == "fail late":
        say(failed(RequestError("Too long.", param="file", code="audio_too_long")))
        return
    language = order.language or "es"
    say(Said(Segment(1.0, 2.0, f" {language} {order.chinese} {'+'.join(order.keywords)} {os.getpid()}", tokens=(3,))))
    say(Finished((language,), 1.0 if order.language else 0.75, 2.0))


def main() -> None:
    say(Ready())
    while (body := unpacked(sys.stdin.buffer.read)) is not None:
        work(decode_order(body))


if __name__ == "__main__":
    main()
