"""The process that opens strangers' files: ``python -m openhearth.engines.read_document.worker``.

It gives up the network, writing, programs and nearly all files before it imports a parser, reads one document after
the other, and is killed by its parent when one takes too long or the client leaves. It ends by itself when its
standard input closes.
"""

import importlib
import os
import sys

import msgspec

from openhearth.engines.read_document.sandbox import confine
from openhearth.engines.read_document.settings import ADDRESS_SPACE_FACTOR, ReadSettings

_SERVING = "openhearth.engines.read_document.serving"


def main(arguments: list[str]) -> None:
    settings = msgspec.json.decode(arguments[0], type=ReadSettings)
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not end up in the frames
    granted = confine([settings.layout], memory_bytes=settings.memory_bytes * ADDRESS_SPACE_FACTOR)
    importlib.import_module(_SERVING).serve(settings, granted, sys.stdin.buffer, outgoing)


if __name__ == "__main__":
    main(sys.argv[1:])
