"""The worker's work, imported only inside of its sandbox: documents in, readings out, one after the other."""

import os
import queue
import resource
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import cv2
import msgspec

from openhearth.core.documents import DocumentRequest, Reading
from openhearth.core.errors import Bug, GatewayError, TooLarge
from openhearth.engines.failed import failed
from openhearth.engines.read_document.faults import too_large
from openhearth.engines.read_document.frames import Done, Frame, Ready, Turned, decode_request, encode
from openhearth.engines.read_document.limits import Limits
from openhearth.engines.read_document.ocr.reader import Reader
from openhearth.engines.read_document.ocr.regions import MODEL_FILE, Regions
from openhearth.engines.read_document.pages import Eyes
from openhearth.engines.read_document.sandbox import spend
from openhearth.engines.read_document.services import Services
from openhearth.engines.read_document.settings import ReadSettings
from openhearth.engines.workshop import packed, unpacked

Send = Callable[[Frame], None]

_CPU_GRACE_S = 10.0
_NO_LAYOUT = (
    "Layout was told by geometry alone: the pack is not installed (openhearth packs fetch document-layout). "
    "未安装版面模型，仅按几何位置判断版面。"
)


class Desk:
    """What reads, and how many documents it has read. Its memory only grows, so it is replaced now and then."""

    def __init__(self, settings: ReadSettings, granted: tuple[str, ...], send: Send) -> None:
        self._settings = settings
        self._granted = granted
        self._send = send
        self._read = 0
        model = Path(settings.layout) / MODEL_FILE
        regions = Regions(model, threads=settings.used_threads) if model.is_file() else None
        self.has_layout = regions is not None
        reader = Reader(threads=settings.used_threads)
        reader.warm()
        limits = Limits(pages=settings.pages, pixels=settings.pixels)
        self._services = Services(Eyes(reader, regions), limits, lambda page: send(Turned(page)))

    def attempt(self, request: DocumentRequest) -> Frame:
        """One document, to its reading or its failure."""
        self._read += 1
        spend(self._settings.limit_s * self._settings.used_threads + _CPU_GRACE_S)
        try:
            reading = self._services.do(request)
        except GatewayError as error:
            return failed(error)
        except MemoryError:
            return failed(_no_memory(), retire=True)
        except RecursionError:
            return failed(too_large("The document nests too deeply."), retire=True)
        except cv2.error as error:
            is_memory = error.code == cv2.Error.StsNoMem
            if not is_memory:
                traceback.print_exc()
            return failed(_no_memory() if is_memory else Bug(str(error)), retire=True)
        except Exception as error:  # the engine must live on for the next document; the trace goes to its log
            traceback.print_exc()
            return failed(Bug(str(error)), retire=True)
        return Done(self._noted(reading), self._granted, retire=self._is_spent())

    def _noted(self, reading: Reading) -> Reading:
        wants_layout = any(page.is_scan and page.blocks for page in reading.pages)
        if self.has_layout or not wants_layout:
            return reading
        return msgspec.structs.replace(reading, notes=(*reading.notes, _NO_LAYOUT))

    def _is_spent(self) -> bool:
        most_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return self._read >= self._settings.documents or most_bytes > self._settings.memory_bytes // 2


def serve(settings: ReadSettings, granted: tuple[str, ...], incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Read what comes in until the input closes."""
    cv2.setNumThreads(settings.used_threads)
    bodies: queue.Queue[bytes] = queue.Queue(maxsize=1)
    threading.Thread(target=_receive, args=(incoming, bodies), daemon=True).start()

    def send(frame: Frame) -> None:
        outgoing.write(packed(encode(frame)))
        outgoing.flush()

    desk = Desk(settings, granted, send)
    send(Ready(granted))
    while True:
        send(desk.attempt(decode_request(bodies.get())))


def _receive(incoming: BinaryIO, bodies: "queue.Queue[bytes]") -> None:
    """Feed the reading thread; leave at once, in the middle of a document too, when the parent is gone."""
    while (body := unpacked(incoming.read)) is not None:
        bodies.put(body)
    os._exit(0)


def _no_memory() -> TooLarge:
    return TooLarge(
        "The document is too large for the memory the reader may use. 文件太大，内存不足。",
        code="document_too_large",
        param="file",
    )
