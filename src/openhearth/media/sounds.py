"""Sound that is kept and given as a link: a file of its owner's, opened by whoever has the signed address.

The path is ``/media/audio/{owner}/{signature}/{file id}.{ext}``; the signature covers owner and file.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from hashlib import sha256

from openhearth.core.errors import NotFound
from openhearth.files.library import Library
from openhearth.stores.ports import FileRecord

PURPOSE = "speech"
EXTENSIONS = {
    "audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/aac": "aac", "audio/flac": "flac", "audio/wav": "wav",
    "audio/pcm": "pcm", "audio/basic": "ulaw", "audio/x-alaw-basic": "alaw", "application/json": "json",
}  # fmt: skip
_DAY_S = 86_400.0
_NAME = re.compile(r"([A-Za-z0-9_-]{1,80})\.([a-z0-9]{2,5})")


class Sounds:
    """Keeps and finds. ``keep_days`` 0 keeps for ever."""

    def __init__(self, library: Library, secret: bytes, *, keep_days: int) -> None:
        self._library = library
        self._secret = hmac.digest(secret, b"openhearth sound links", sha256)
        self._lifetime_s = keep_days * _DAY_S if keep_days else None

    async def keep(self, owner: str, mime: str, pieces: AsyncIterator[bytes]) -> FileRecord:
        """Store what ``pieces`` yields. Raises StorageFull and what they raise; then nothing is kept."""
        filename = f"speech.{EXTENSIONS.get(mime, 'bin')}"
        return await self._library.create(owner, filename, PURPOSE, mime, pieces, lifetime_s=self._lifetime_s)

    def link(self, home: str, file: FileRecord) -> str:
        """The signed URL under ``home`` (``https://host``, no slash at the end)."""
        extension = EXTENSIONS.get(file.mime, "bin")
        return f"{home}/media/audio/{file.owner}/{self._signature(file.owner, file.id)}/{file.id}.{extension}"

    async def linked(self, owner: str, signature: str, name: str) -> FileRecord:
        """The file behind a link's path. Raises NotFound for a wrong signature and for a file that is gone."""
        match = _NAME.fullmatch(name)
        if match is None or not hmac.compare_digest(signature.encode(), self._signature(owner, match[1]).encode()):
            raise NotFound("There is no sound at this address.", code="file_not_found")
        return await self._library.get(owner, match[1])

    def _signature(self, owner: str, file_id: str) -> str:
        signed = f"{owner}\0{file_id}".encode()
        return urlsafe_b64encode(hmac.digest(self._secret, signed, sha256)[:18]).decode()
