"""Forms: any split of the bytes gives the same events, and every bound is kept."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhearth.core.errors import GatewayError, RequestError, TooLarge, UnsupportedMedia
from openhearth.core.multipart import (
    Bounds,
    Event,
    Field,
    FileBegin,
    FileData,
    FileEnd,
    FormReader,
    boundary_of,
    clean_filename,
)

BOUNDARY = b"XyZ"


def part(disposition: str, body: bytes, *headers: str) -> bytes:
    lines = [f"Content-Disposition: form-data; {disposition}", *headers]
    return b"--XyZ\r\n" + "".join(line + "\r\n" for line in lines).encode() + b"\r\n" + body + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--XyZ--\r\n"


def pieces_of(body: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    return [body[start:end] for start, end in pairwise(places)]


def read(pieces: list[bytes], bounds: Bounds = Bounds()) -> list[Event]:  # noqa: B008 (a frozen value)
    """All events, with the data of each file joined."""
    reader = FormReader(BOUNDARY, bounds)
    events: list[Event] = []
    for piece in pieces:
        for event in reader.feed(piece):
            if isinstance(event, FileData) and events and isinstance(events[-1], FileData):
                events[-1] = FileData(events[-1].data + event.data)
            else:
                events.append(event)
    reader.close()
    return events


def status_of(pieces: list[bytes]) -> int:
    try:
        read(pieces)
    except GatewayError as error:
        return error.status
    return 200


SAMPLE = form(
    part('name="purpose"', "batch 目的".encode()),
    part('name="file"; filename="数据.jsonl"', b'{"a": 1}\r\n--Xy\r\n--Xy-not', "Content-Type: application/jsonl"),
    part('name="empty"', b""),
    part('name="image[]"; filename=""', b"", "content-type: image/png"),
)
EXPECTED = [
    Field("purpose", "batch 目的"),
    FileBegin("file", "数据.jsonl", "application/jsonl"),
    FileData(b'{"a": 1}\r\n--Xy\r\n--Xy-not'),
    FileEnd(),
    Field("empty", ""),
    FileBegin("image[]", "file", "image/png"),
    FileEnd(),
]


def test_a_form_is_read_part_by_part() -> None:
    assert read([SAMPLE]) == EXPECTED


@given(st.lists(st.integers(0, 10_000), max_size=30))
def test_any_split_gives_the_same_events(cuts: list[int]) -> None:
    assert read(pieces_of(SAMPLE, cuts)) == EXPECTED


NEAR_BOUNDARY = st.lists(
    st.sampled_from([b"\r", b"\n", b"-", b"--", b"X", b"Xy", b"\r\n--Xy", b"\r\n--X", b"\x00", b"\xff", b"data"]),
    max_size=40,
).map(b"".join)


@given(st.lists(NEAR_BOUNDARY, min_size=1, max_size=4), st.lists(st.integers(0, 100_000), max_size=20))
def test_any_file_survives_any_split(bodies: list[bytes], cuts: list[int]) -> None:
    """Only the boundary after a line end may not occur in the data, which RFC 2046 asks of the sender."""
    bodies = [body for body in bodies if b"\r\n--XyZ" not in b"\r\n" + body + b"\r\n"]
    body = form(*(part('name="file"; filename="a.bin"', data) for data in bodies))
    found: list[bytes] = []
    for event in read(pieces_of(body, cuts)):
        if isinstance(event, FileBegin):
            found.append(b"")
        if isinstance(event, FileData):
            found[-1] += event.data
    assert found == bodies


@settings(max_examples=300)
@given(st.data())
def test_no_bytes_make_it_fail_in_another_way(data: st.DataObject) -> None:
    body = bytearray(SAMPLE)
    for _ in range(data.draw(st.integers(0, 8))):
        place = data.draw(st.integers(0, len(body) - 1))
        length = data.draw(st.integers(0, 5))
        body[place : place + length] = data.draw(st.binary(max_size=5))
    cuts = data.draw(st.lists(st.integers(0, 1_000), max_size=5))
    assert status_of(pieces_of(bytes(body), cuts)) in (200, 400, 413)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_or_read(body: bytes) -> None:
    assert status_of([body]) in (200, 400, 413)


@given(st.integers(0, len(SAMPLE) - len(b"-\r\n")))
def test_a_cut_off_form_is_an_error(length: int) -> None:
    with pytest.raises(RequestError) as caught:
        read([SAMPLE[:length]])
    assert caught.value.code == "invalid_multipart"


@pytest.mark.parametrize(
    ("given_name", "clean"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\anna\\cat.png", "cat.png"),
        ("a\x00b.png", "ab.png"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("\u200bhidden\ufeff.txt", "hidden.txt"),
        ("line\r\nbreak.txt", "linebreak.txt"),
        ("  spaced .txt ", "spaced .txt"),
        ("衣服.png", "衣服.png"),
        ("e\u0301.png", "é.png"),
        ("..", "file"),
        (".", "file"),
        ("", "file"),
        ("dir/", "file"),
        ("\x00\u202e", "file"),
        (".env", ".env"),
    ],
)
def test_a_file_name_is_cleaned(given_name: str, clean: str) -> None:
    assert clean_filename(given_name) == clean


@given(st.text())
def test_a_cleaned_name_is_one_visible_name_and_stays_as_it_is(given_name: str) -> None:
    clean = clean_filename(given_name)
    assert clean
    assert not set(clean) & set("/\\\x00\n\r\u202e")
    assert clean not in (".", "..")
    assert clean_filename(clean) == clean


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('name="file"; filename="a b.png"', "a b.png"),
        ("name=file; filename=plain.png", "plain.png"),
        ('name="file"; filename="quo\\"te.png"', 'quo"te.png'),
        ('name="file"; filename="semi;colon=.png"', "semi;colon=.png"),
        ('name="file"; filename="%22best%22 of%0D%0A 50%25.png"', '"best" of 50%25.png'),
        ("name=\"file\"; filename*=UTF-8''%E8%A1%A3%20a.png", "衣 a.png"),
        ('name="file"; filename="fallback"; filename*=utf-8\'zh\'%E8%A1%A3.png', "衣.png"),
        ("name=\"file\"; filename*=ISO-8859-1''caf%E9.png", "café.png"),
        ('name="file"; filename="first"; filename="second"', "first"),
        ('NAME="file"; FileName="case.png"', "case.png"),
        ('name="file"; filename="never closed; a=b', "never closed; a=b"),
        ('name="file"; filename="..\\\\..\\\\up.png"', "up.png"),
    ],
)
def test_the_ways_to_write_a_file_name(disposition: str, name: str) -> None:
    assert read([form(part(disposition, b"x"))])[0] == FileBegin("file", name, "")


@pytest.mark.parametrize(
    "disposition",
    [
        "filename=nameless.png",
        "name=\"file\"; filename*=UTF-8''%FF",
        "name=\"file\"; filename*=EBCDIC''a",
        'name="file"; filename*=broken',
    ],
)
def test_a_name_that_cannot_be_read_is_refused(disposition: str) -> None:
    with pytest.raises(RequestError):
        read([form(part(disposition, b"x"))])


@pytest.mark.parametrize(
    ("body", "error", "code"),
    [
        (form(*[part('name="a"', b"")] * 6), TooLarge, "too_many_parts"),
        (form(part('name="a"', b"x" * 51)), TooLarge, "request_too_large"),
        (form(part('name="a"', b"x", "x-long: " + "y" * 300)), RequestError, "invalid_multipart"),
        (form(part('name="a"', b"x", *["x: y"] * 20)), RequestError, "invalid_multipart"),
        (form(part('name="file"; filename="' + "n" * 21 + '"', b"x")), RequestError, "filename_too_long"),
        (form(part('name="a"', b"\xff")), RequestError, "invalid_multipart"),
        (form(part('name="a"', b"eA==", "Content-Transfer-Encoding: base64")), RequestError, "invalid_multipart"),
    ],
)
def test_every_bound_is_kept(body: bytes, error: type[GatewayError], code: str) -> None:
    bounds = Bounds(parts=5, field_bytes=50, header_bytes=200, filename_chars=20)
    with pytest.raises(error) as caught:
        read([body], bounds)
    assert caught.value.code == code


def test_a_field_is_refused_before_it_is_whole() -> None:
    reader = FormReader(BOUNDARY, Bounds(field_bytes=1000))
    reader.feed(b'--XyZ\r\nContent-Disposition: form-data; name="a"\r\n\r\n')
    for _ in range(9):
        reader.feed(b"x" * 100)
    with pytest.raises(TooLarge):
        reader.feed(b"x" * 200)


@pytest.mark.parametrize("boundary", ["XyZ", '"XyZ"', '"X y:Z"', "a" * 70])
def test_a_boundary_is_found(boundary: str) -> None:
    found = boundary_of(f"Multipart/Form-Data; charset=utf-8; boundary={boundary}")
    assert found == boundary.strip('"').encode()


@pytest.mark.parametrize("kind", ["", "application/json", "multipart/mixed; boundary=a", "text/plain"])
def test_another_content_type_is_415(kind: str) -> None:
    with pytest.raises(UnsupportedMedia):
        boundary_of(kind)


@pytest.mark.parametrize("rest", ["", "; boundary=", "; boundary=" + "a" * 71, '; boundary="é"', '; boundary="a\r\nb"'])
def test_a_bad_boundary_is_400(rest: str) -> None:
    with pytest.raises(RequestError) as caught:
        boundary_of("multipart/form-data" + rest)
    assert caught.value.status == 400
