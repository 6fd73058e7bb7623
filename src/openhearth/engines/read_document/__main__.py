"""``python -m openhearth.engines.read_document``: the process of the reader. The engine host starts it."""

import os
import sys

import msgspec

from openhearth.engines.child import App, run
from openhearth.engines.read_document.app import build
from openhearth.engines.read_document.frames import decode, is_last
from openhearth.engines.read_document.settings import ReadSettings
from openhearth.engines.workshop import Workshop

WORKER = "openhearth.engines.read_document.worker"


def main(settings: dict[str, object]) -> App:
    wanted = msgspec.convert(settings, ReadSettings)
    command = (sys.executable, "-P", "-m", WORKER, msgspec.json.encode(wanted).decode())
    return build(wanted, Workshop(command, os.environ, decode=decode, is_last=is_last, silence_s=wanted.silence_s))


if __name__ == "__main__":
    run(main, sys.argv[1:])
