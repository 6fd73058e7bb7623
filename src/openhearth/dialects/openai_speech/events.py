"""The events of a speech stream (``stream_format: sse``): pieces of the file in base64, and the usage at the end."""

import binascii
from base64 import b64encode

import msgspec

from openhearth.core.errors import UpstreamGarbled
from openhearth.core.speech import Alignment, SpeechAudio, SpeechDone
from openhearth.core.sse import Event, encode

DELTA, DONE = "speech.audio.delta", "speech.audio.done"


class _Times(msgspec.Struct, frozen=True):
    characters: tuple[str, ...] = ()
    starts_s: tuple[float, ...] = ()
    ends_s: tuple[float, ...] = ()


class _Usage(msgspec.Struct, frozen=True):
    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0


class _Said(msgspec.Struct, frozen=True):
    type: str = ""
    audio: str = ""
    alignment: _Times | None = None
    normalized_alignment: _Times | None = None
    usage: _Usage | None = None


_DECODER = msgspec.json.Decoder(_Said)
_ENCODER = msgspec.json.Encoder()


def delta(data: bytes) -> bytes:
    """One piece of the file as an event on the wire."""
    return _event(DELTA, {"type": DELTA, "audio": b64encode(data).decode()})


def done(usage: SpeechDone) -> bytes:
    """The last event."""
    total = usage.input_tokens + usage.output_tokens
    return _event(DONE, {"type": DONE, "usage": _Usage(usage.input_tokens, usage.output_tokens, total)})


def read(data: str, name: str) -> SpeechAudio | SpeechDone | None:
    """What an event's data says; ``None`` for events of other kinds. Raises UpstreamGarbled naming the upstream."""
    try:
        said = _DECODER.decode(data)
        if said.type == DELTA:
            times = _alignment(said.alignment), _alignment(said.normalized_alignment)
            return SpeechAudio(binascii.a2b_base64(said.audio), *times)
    except (msgspec.MsgspecError, binascii.Error, UnicodeEncodeError, RecursionError) as error:
        raise UpstreamGarbled(f"{name} sent a speech event that is none.", target=name) from error
    if said.type != DONE:
        return None
    usage = said.usage or _Usage()
    return SpeechDone(max(0, usage.input_tokens), max(0, usage.output_tokens))


def _alignment(times: _Times | None) -> Alignment | None:
    return Alignment(times.characters, times.starts_s, times.ends_s) if times is not None else None


def _event(kind: str, body: object) -> bytes:
    return encode(Event(_ENCODER.encode(body).decode(), kind))
