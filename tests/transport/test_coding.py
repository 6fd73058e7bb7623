"""Decoding an answer's body: any cut gives the same bytes, and nothing grows without bound."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhearth.core.errors import UpstreamGarbled
from openhearth.transport.coding import DecodeLimits, Decoder, decoder_for


def packed(coding: str, data: bytes) -> bytes:
    if coding == "gzip":
        return gzip.compress(data)
    if coding == "raw deflate":
        packer = zlib.compressobj(wbits=-15)
        return packer.compress(data) + packer.flush()
    return zlib.compress(data)


def decoder(coding: str, limits: DecodeLimits | None = None) -> Decoder:
    made = decoder_for(coding.split()[-1].encode(), limits or DecodeLimits())
    assert made is not None
    return made


@given(st.binary(max_size=5000), st.integers(1, 50), st.sampled_from(["gzip", "deflate", "raw deflate"]))
def test_any_cut_gives_the_same_bytes(data: bytes, step: int, coding: str) -> None:
    body = packed(coding, data)
    unpack = decoder(coding)
    assert b"".join(unpack.feed(body[place : place + step]) for place in range(0, len(body), step)) == data
    unpack.finish()


@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw deflate"])
def test_the_first_byte_may_come_alone(coding: str) -> None:
    body = packed(coding, b"hello")
    unpack = decoder(coding)
    assert unpack.feed(body[:1]) + unpack.feed(body[1:]) == b"hello"
    unpack.finish()


def test_one_byte_is_no_deflate_body() -> None:
    unpack = decoder("deflate")
    assert unpack.feed(b"x") == b""
    with pytest.raises(UpstreamGarbled):
        unpack.finish()


def test_several_gzip_members_with_padding_are_one_body() -> None:
    unpack = decoder("gzip")
    assert unpack.feed(gzip.compress(b"a") + b"\0\0" + gzip.compress(b"b") + b"\0") == b"ab"
    unpack.finish()


@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw deflate"])
def test_a_cut_body_is_noticed(coding: str) -> None:
    unpack = decoder(coding)
    unpack.feed(packed(coding, b"hello" * 100)[:-3])
    with pytest.raises(UpstreamGarbled):
        unpack.finish()


def test_no_body_at_all_is_fine() -> None:
    decoder("gzip").finish()


@pytest.mark.parametrize(
    "body",
    [b"not gzip", gzip.compress(b"x") + b"junk", gzip.compress(b"hello")[:-8] + b"12345678"],
    ids=["no gzip", "junk after it", "wrong checksum"],
)
def test_damage_is_refused(body: bytes) -> None:
    with pytest.raises(UpstreamGarbled) as error:
        decoder("gzip").feed(body)
    assert error.value.code == "upstream_bad_encoding"


def test_junk_after_deflate_is_refused() -> None:
    unpack = decoder("deflate")
    assert unpack.feed(zlib.compress(b"x")) == b"x"
    with pytest.raises(UpstreamGarbled):
        unpack.feed(b"junk")


def test_the_ratio_is_bounded_from_one_mebibyte_on() -> None:
    limits = DecodeLimits(most_bytes=10**9, most_ratio=100)
    assert len(decoder("gzip", limits).feed(gzip.compress(bytes(1024 * 1024)))) == 1024 * 1024
    with pytest.raises(UpstreamGarbled) as error:
        decoder("gzip", limits).feed(gzip.compress(bytes(1024 * 1024 + 1)))
    assert error.value.code == "upstream_bomb"


def test_the_size_is_bounded_across_members() -> None:
    unpack = decoder("gzip", DecodeLimits(most_bytes=1500))
    unpack.feed(gzip.compress(bytes(1000)))
    with pytest.raises(UpstreamGarbled):
        unpack.feed(gzip.compress(bytes(1000)))


@pytest.mark.parametrize("coding", [b"", b"identity", b" Identity "])
def test_identity_needs_no_decoder(coding: bytes) -> None:
    assert decoder_for(coding, DecodeLimits()) is None


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"compress", b"gzip, gzip", b"\xff" * 100])
def test_other_codings_are_refused_by_name(coding: bytes) -> None:
    with pytest.raises(UpstreamGarbled) as error:
        decoder_for(coding, DecodeLimits())
    assert len(error.value.message) < 120


def test_x_gzip_is_gzip() -> None:
    made = decoder_for(b"X-Gzip", DecodeLimits())
    assert made is not None
    assert made.feed(gzip.compress(b"x")) == b"x"
