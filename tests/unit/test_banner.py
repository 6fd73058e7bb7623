"""What a person reads at the start."""

import pytest

from openhearth.app import banner


@pytest.mark.parametrize(("key", "said"), [("sk-oh-1", "Bearer sk-oh-1'"), ("", "Bearer YOUR_KEY'")])
def test_the_line_to_try_names_a_key(capsys: pytest.CaptureFixture[str], key: str, said: str) -> None:
    banner.show(url="http://127.0.0.1:1", key=key, lines=())
    assert said in capsys.readouterr().out
