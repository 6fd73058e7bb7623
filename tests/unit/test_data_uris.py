"""Base64 of data URIs: every way clients write it gives the same bytes, and a sign that is none gives an error."""

import base64
import binascii
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhearth.core.data_uris import from_base64


@given(st.binary(max_size=200))
def test_all_ways_to_write_it(data: bytes) -> None:
    usual = base64.b64encode(data).decode()
    ways = {usual, usual.rstrip("="), base64.urlsafe_b64encode(data).decode(), quote(usual, safe="")}
    ways.add(" \r\n".join(re.findall(".{1,7}", usual)))
    assert {from_base64(way) for way in ways} == {data}


@pytest.mark.parametrize("text", ["!!!!", "AAAA*AAAA", "A", "AA=A", "AAAA====AAAA", "%zz", "中文", "AAAA%2"])
def test_no_other_sign(text: str) -> None:
    with pytest.raises((binascii.Error, ValueError)):
        from_base64(text)
