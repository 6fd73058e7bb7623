"""A reader's worker that does what its document says: ``who``, ``spent``, ``refuse``, ``hang``, ``die``."""

import os
import sys
import time

from openhearth.core.documents import Reading
from openhearth.core.errors import TooLarge
from openhearth.engines.failed import failed
from openhearth.engines.read_document.frames import Done, Frame, Ready, Turned, decode_request, encode
from openhearth.engines.workshop import packed, unpacked


def send(frame: Frame) -> None:
    sys.stdout.buffer.write(packed(encode(frame)))
    sys.stdout.buffer.flush()


def main() -> None:
    send(Ready(("limits",)))
    while (body := unpacked(sys.stdin.buffer.read)) is not None:
        words = decode_request(body).document.data.decode()
        send(Turned(1))
        if words == "hang":
            time.sleep(300)
        if words == "die":
            os._exit(3)
        if words == "refuse":
            send(failed(TooLarge("Too much.", code="document_too_large", param="file")))
        else:
            send(Done(Reading(text=str(os.getpid())), ("limits",), retire=words == "spent"))


if __name__ == "__main__":
    main()
