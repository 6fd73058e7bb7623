"""multipart/form-data as a stream of events, so that a large file never lies in memory (RFC 7578).

Sans-I/O: bytes are fed in, events come out, and every bound is checked while reading.
"""

import re
import unicodedata
from urllib.parse import unquote_to_bytes

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from openhearth.core.errors import RequestError, TooLarge, UnsupportedMedia

_KIB = 1024
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[^;"][^;]*|)', re.DOTALL)
_ESCAPED = re.compile(r"\\([\"\\])")
_PLAIN_ENCODINGS = frozenset({"", "7bit", "8bit", "binary"})
_RESERVED_NAMES = frozenset({"", ".", ".."})

# What browsers write for the three characters that a quoted name cannot hold; they escape nothing else, not even "%"
# (https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data).
_BROWSER_ESCAPES = (("%22", '"'), ("%0D", "\r"), ("%0A", "\n"))


class Bounds(msgspec.Struct, frozen=True):
    """What one form may be. The size of files is bounded by whoever takes their bytes."""

    parts: int = 100
    field_bytes: int = 1024 * _KIB
    header_bytes: int = 8 * _KIB
    headers: int = 16
    filename_chars: int = 255


class Field(msgspec.Struct, frozen=True):
    """A whole text field."""

    name: str
    value: str


class FileBegin(msgspec.Struct, frozen=True):
    """A file starts. ``filename`` is clean: one name, no path, nothing invisible. ``mime`` is what was declared."""

    name: str
    filename: str
    mime: str


class FileData(msgspec.Struct, frozen=True):
    """A piece of the file that began last."""

    data: bytes


class FileEnd(msgspec.Struct, frozen=True):
    """The file that began last is whole."""


Event = Field | FileBegin | FileData | FileEnd


def boundary_of(content_type: str) -> bytes:
    """The boundary named in a Content-Type header. Raises UnsupportedMedia for anything but multipart/form-data."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise UnsupportedMedia(f"This path takes 'multipart/form-data', not '{kind[:80]}'.")
    boundary = _parameters(content_type).get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise RequestError("The Content-Type header names no valid boundary.", code="invalid_multipart")
    return boundary.encode("ascii")


class FormReader:
    """Reads one form: ``feed`` bytes as they come, then ``close``."""

    def __init__(self, boundary: bytes, bounds: Bounds = Bounds()) -> None:  # noqa: B008 (a frozen value)
        self._bounds = bounds
        self._events: list[Event] = []
        self._headers: dict[str, str] = {}
        self._header_name = b""
        self._header_value = b""
        self._parts = 0
        self._field = ""
        self._value: list[bytes] = []
        self._value_bytes = 0
        self._in_file = False
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._take_header_name,
                "on_header_value": self._take_header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._begin_content,
                "on_part_data": self._take_content,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
            max_header_count=bounds.headers,
            max_header_size=bounds.header_bytes,
        )

    def feed(self, data: bytes) -> list[Event]:
        """The events that ``data`` completes. Raises RequestError and TooLarge; then the reader is of no more use."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise RequestError(f"The form is malformed: {error}.", code="invalid_multipart") from error
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """The body ended. Raises RequestError when the form did not."""
        if not self._ended:
            raise RequestError("The form ends before its closing boundary.", code="invalid_multipart")

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > self._bounds.parts:
            raise TooLarge(f"The form has more than {self._bounds.parts} parts.", code="too_many_parts")
        self._headers = {}

    def _take_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        name = self._header_name.decode("latin-1").lower()
        self._headers[name] = _text(self._header_value, f"The part header '{name[:80]}'")
        self._header_name = self._header_value = b""

    def _begin_content(self) -> None:
        parameters = _parameters(self._headers.get("content-disposition", ""))
        if "name" not in parameters:
            raise RequestError("A part of the form has no name.", code="invalid_multipart")
        encoding = self._headers.get("content-transfer-encoding", "").strip().lower()
        if encoding not in _PLAIN_ENCODINGS:
            raise RequestError("Content-Transfer-Encoding is not used in forms.", code="invalid_multipart")
        self._field = parameters["name"]
        self._in_file = "filename" in parameters or "filename*" in parameters
        if self._in_file:
            mime = self._headers.get("content-type", "").strip()
            self._events.append(FileBegin(self._field, self._filename(parameters), mime))

    def _filename(self, parameters: dict[str, str]) -> str:
        given = _extended(parameters["filename*"]) if "filename*" in parameters else parameters["filename"]
        name = clean_filename(given)
        if len(name) > self._bounds.filename_chars:
            raise RequestError(
                f"A file name has at most {self._bounds.filename_chars} characters.",
                param=self._field,
                code="filename_too_long",
            )
        return name

    def _take_content(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._events.append(FileData(data[start:end]))
            return
        self._value_bytes += end - start
        if self._value_bytes > self._bounds.field_bytes:
            raise TooLarge(
                f"The field '{self._field[:80]}' has more than {self._bounds.field_bytes} bytes.",
                param=self._field[:80],
            )
        self._value.append(data[start:end])

    def _end_part(self) -> None:
        if self._in_file:
            self._events.append(FileEnd())
        else:
            self._events.append(Field(self._field, _text(b"".join(self._value), f"The field '{self._field[:80]}'")))
        self._value = []
        self._value_bytes = 0
        self._in_file = False

    def _end(self) -> None:
        self._ended = True


def clean_filename(given: str) -> str:
    """The last part of ``given`` without anything invisible: no path, NUL, control or direction character.

    ``file`` when nothing is left.
    """
    last = re.split(r"[/\\]", given)[-1]
    seen = "".join(
        letter for letter in last if unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    )
    name = unicodedata.normalize("NFC", seen).strip()
    return "file" if name in _RESERVED_NAMES else name


def _parameters(header: str) -> dict[str, str]:
    """The parameters of a header value; the first of a name counts, as in browsers."""
    found: dict[str, str] = {}
    for name, value in _PARAMETER.findall(header):
        text = value.strip()
        if text.startswith('"'):
            text = _ESCAPED.sub(r"\1", text[1:].removesuffix('"'))
            for escape, character in _BROWSER_ESCAPES:
                text = text.replace(escape, character)
        found.setdefault(name.lower(), text)
    return found


def _extended(value: str) -> str:
    """The text of an RFC 8187 value: ``UTF-8''percent-encoded``."""
    charset, _, rest = value.partition("'")
    if charset.lower() not in {"utf-8", "iso-8859-1"} or "'" not in rest:
        raise RequestError("A file name is encoded in a way that is not known.", code="invalid_multipart")
    encoded = rest.partition("'")[2]
    if charset.lower() == "iso-8859-1":
        return unquote_to_bytes(encoded).decode("latin-1")
    return _text(unquote_to_bytes(encoded), "A file name")


def _text(data: bytes, what: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise RequestError(f"{what} is not UTF-8.", code="invalid_multipart") from error
