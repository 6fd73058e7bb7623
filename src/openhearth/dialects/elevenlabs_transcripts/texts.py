"""What was heard, out of an answer in ElevenLabs' form: for those who must look at it before the caller does."""

import msgspec

from openhearth.core.texts import texts_of, unrepeated

_NO_TEXT = frozenset({"type", "speaker_id", "language_code", "transcription_id", "request_id", "additional_formats"})


def said(body: bytes) -> list[str]:
    """The texts. The additional formats are the same transcript, written out."""
    try:
        return unrepeated(texts_of(msgspec.json.decode(body), _NO_TEXT))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [body.decode("utf-8", "replace")]
