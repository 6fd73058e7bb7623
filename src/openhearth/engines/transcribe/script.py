"""Chinese in the script that was asked for: Whisper writes traditional or simplified characters as it pleases."""

from functools import cached_property

import msgspec
from opencc import OpenCC

from openhearth.core.transcript import Segment, Word

_CHINESE = frozenset({"zh", "yue"})
_CONVERSIONS = {"simplified": "t2s", "traditional": "s2t"}


class Script:
    """Turns segments into ``simplified`` or ``traditional`` characters, or leaves them ``as_heard``."""

    def __init__(self, wanted: str) -> None:
        self._conversion = _CONVERSIONS.get(wanted, "")

    @cached_property
    def _opencc(self) -> OpenCC:
        return OpenCC(self._conversion)

    def written(self, segment: Segment, language: str) -> Segment:
        """The segment with its text and words converted, if it is Chinese. Tokens stay what the model gave."""
        if language not in _CHINESE or not self._conversion:
            return segment
        words = tuple(self._word(one) for one in segment.words)
        return msgspec.structs.replace(segment, text=self._opencc.convert(segment.text), words=words)

    def _word(self, word: Word) -> Word:
        return msgspec.structs.replace(word, text=self._opencc.convert(word.text))
