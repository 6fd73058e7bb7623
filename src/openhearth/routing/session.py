"""What makes calls one session: they are best sent to the same target, which still has their beginning in its cache.

Looked for only where a model has several targets and the strategy asks for it.
"""

from hashlib import blake2b
from typing import TypeVar

import msgspec

from openhearth.core.envelope import Envelope
from openhearth.core.errors import RequestError

_MOST_MESSAGES = 8
_MOST_BYTES = 4096
_Want = TypeVar("_Want")


class _Metadata(msgspec.Struct):
    session_id: str | None = None


class _Message(msgspec.Struct):
    role: str = ""


def session_of(owner: str, envelope: Envelope | None) -> bytes:
    """A key that stays the same for a caller's session: what names it in the body (``prompt_cache_key``,
    ``safety_identifier`` or ``user``, ``metadata.session_id``), else how its conversation begins."""
    hint = b"" if envelope is None else _named(envelope) or _beginning(envelope)
    return blake2b(owner.encode() + b"\0" + hint, digest_size=16).digest()


def _named(envelope: Envelope) -> bytes:
    for field in ("prompt_cache_key", "safety_identifier", "user"):
        if said := _read(envelope, field, str):
            return f"{field}:{said}".encode()
    metadata = _read(envelope, "metadata", _Metadata)
    return f"session:{metadata.session_id}".encode() if metadata and metadata.session_id else b""


def _beginning(envelope: Envelope) -> bytes:
    """The messages up to the first of the user: they stay while the conversation grows."""
    messages = _read(envelope, "messages", list[msgspec.Raw])
    if messages is None:
        return bytes(envelope.fields.get("prompt", envelope.fields.get("input", b"")))[:_MOST_BYTES]
    begin: list[bytes] = []
    for message in messages[:_MOST_MESSAGES]:
        begin.append(bytes(message)[:_MOST_BYTES])
        if _role(message) == "user":
            break
    return b"\n".join(begin)


def _role(message: msgspec.Raw) -> str:
    try:
        return msgspec.json.decode(message, type=_Message).role
    except msgspec.MsgspecError:
        return ""


def _read(envelope: Envelope, field: str, want: type[_Want]) -> _Want | None:
    """A field of the body; ``None`` when it is of another type: the upstream says so to the client, not we."""
    try:
        return envelope.get(field, want)
    except RequestError:
        return None
