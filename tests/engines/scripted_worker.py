"""Stands in for the editing process: does what the instruction says, among it everything a worker can do wrong."""

import os
import sys

from openhearth.engines.edit_image.edit import read_request
from openhearth.engines.edit_image.frames import Frame, Progress, Ready, Result, encode
from openhearth.engines.edit_image.plan import EditRequest
from openhearth.engines.failed import Failed
from openhearth.engines.workshop import packed, unpacked

REPLACES = {f"use {number}": {"op": "background", "action": "replace", "picture": number} for number in (2, 3)}


def say(frame: Frame) -> None:
    sys.stdout.buffer.write(packed(encode(frame)))
    sys.stdout.buffer.flush()


def spin() -> None:
    """Like native code that never looks up."""
    while True:
        sum(range(10_000_000))


def obey(request: EditRequest) -> None:
    instruction = request.instruction
    if instruction == "refuse":
        say(Failed(415, "No such thing.", "invalid_request_error", "no_such_thing", "prompt"))
        return
    if instruction == "spin at once":
        spin()
    say(Progress(1, 2, "begun"))
    if instruction == "show":
        for number in range(request.partial_images):
            say(Progress(2, 2, "shown", "image/webp", f"half {number}".encode()))
    if instruction == "spin":
        spin()
    if instruction == "die":
        os._exit(9)
    if instruction == "fail late":
        say(Failed(500, "Broken.", "server_error", "internal_error"))
        return
    operations = ({"op": instruction, "by": os.getpid(), **REPLACES.get(instruction, {})},)
    say(Result("image/png", 3, 2, operations, "a note", 5, b"the picture"))


def main() -> None:
    say(Ready())
    while (body := unpacked(sys.stdin.buffer.read)) is not None:
        obey(read_request(body))


if __name__ == "__main__":
    main()
