"""Chinese text in the script that was asked for."""

import pytest

from openhearth.core.transcript import Segment, Word
from openhearth.engines.transcribe.script import Script

HEARD = Segment(0, 1, "你好,這個平台不需要任何密鑰就能說話", words=(Word("這個", 0, 1), Word("說話", 0, 1)))
SIMPLIFIED = "你好,这个平台不需要任何密钥就能说话"


def test_traditional_characters_become_simplified_ones_in_text_and_words() -> None:
    written = Script("simplified").written(HEARD, "zh")
    assert written.text == SIMPLIFIED
    assert [word.text for word in written.words] == ["这个", "说话"]


def test_simplified_characters_become_traditional_ones() -> None:
    assert "說話" in Script("traditional").written(Segment(0, 1, SIMPLIFIED), "zh").text


@pytest.mark.parametrize(("wanted", "language"), [("as_heard", "zh"), ("simplified", "ja"), ("simplified", "en")])
def test_other_languages_and_what_was_heard_stay(wanted: str, language: str) -> None:
    assert Script(wanted).written(HEARD, language) == HEARD
