"""The process that touches pixels: ``python -m openhearth.engines.edit_image.worker``.

Native code cannot be interrupted in a thread, but a process can be killed. So this one does nothing but edit, keeps
its models loaded between edits, and its parent kills it when the client leaves or the time is up. It ends by itself
when its standard input closes.
"""

import os
import queue
import resource
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import cv2
import msgspec

from openhearth.core.errors import Bug, GatewayError, TooLarge
from openhearth.engines.edit_image.edit import Editor, read_request
from openhearth.engines.edit_image.execute import Executor, Remarks
from openhearth.engines.edit_image.frames import Frame, Ready, encode
from openhearth.engines.edit_image.pixels.operations import Tools, operations
from openhearth.engines.edit_image.portrait import OPERATIONS as PORTRAIT
from openhearth.engines.edit_image.settings import EditSettings
from openhearth.engines.edit_image.vision.models import Models
from openhearth.engines.edit_image.vision.scene import SceneOf
from openhearth.engines.edit_image.words import parse
from openhearth.engines.failed import failed
from openhearth.engines.workshop import packed, unpacked


class Deadline:
    """When the edit under way must be done."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._ends_at = 0.0

    def begin(self) -> None:
        self._ends_at = time.monotonic() + self._limit_s

    def left_s(self) -> float:
        return max(0.0, self._ends_at - time.monotonic())


def editor(settings: EditSettings, models: Models, deadline: Deadline) -> Editor:
    """Everything put together: words, vision, operations."""
    remarks = Remarks()
    tools = Tools(
        upscale=Path(settings.upscale),
        font=settings.font,
        threads=settings.used_threads,
        left_s=deadline.left_s,
        remark=remarks.add,
    )
    executor = Executor(
        {**PORTRAIT, **operations(tools)},
        lambda pixels: SceneOf(pixels, models),
        most_pixels=settings.picture_pixels,
        remarks=remarks,
    )
    return Editor(parse, executor, most_pixels=settings.picture_pixels)


def attempt(work: Editor, body: bytes, send: Callable[[Frame], None]) -> None:
    """One edit, to its result or its failure."""
    try:
        send(work.edit(read_request(body), send))
    except GatewayError as error:
        send(failed(error))
    except MemoryError:
        send(failed(_too_large_for_memory()))
    except cv2.error as error:
        no_memory = error.code == cv2.Error.StsNoMem
        if not no_memory:
            traceback.print_exc()
        send(failed(_too_large_for_memory() if no_memory else Bug(str(error))))
    except Exception as error:  # the process must live on for the next edit; the trace goes to the engine's log
        traceback.print_exc()
        send(failed(Bug(str(error))))


def _too_large_for_memory() -> TooLarge:
    return TooLarge(
        "The picture is too large for the memory the editor may use. 图片太大，编辑器内存不足。",
        code="picture_too_large",
        param="image",
    )


def serve(settings: EditSettings, incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Edit what comes in, one after the other, until the input closes."""
    limit = settings.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    cv2.setNumThreads(settings.used_threads)
    bodies: queue.Queue[bytes] = queue.Queue(maxsize=1)
    threading.Thread(target=_receive, args=(incoming, bodies), daemon=True).start()
    deadline = Deadline(settings.limit_s)
    models = Models(Path(settings.portrait), Path(settings.background), settings.used_threads)
    work = editor(settings, models, deadline)

    def send(frame: Frame) -> None:
        outgoing.write(packed(encode(frame)))
        outgoing.flush()

    send(Ready())
    models.load()
    while True:
        body = bodies.get()
        deadline.begin()
        attempt(work, body, send)


def _receive(incoming: BinaryIO, bodies: "queue.Queue[bytes]") -> None:
    """Feed the editing thread; leave at once, in the middle of an edit too, when the parent is gone."""
    while (body := unpacked(incoming.read)) is not None:
        bodies.put(body)
    os._exit(0)


def main(arguments: list[str]) -> None:
    settings = msgspec.json.decode(arguments[0], type=EditSettings)
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not end up in the frames
    serve(settings, sys.stdin.buffer, outgoing)


if __name__ == "__main__":
    main(sys.argv[1:])
