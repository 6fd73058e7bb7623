"""Requests that bring documents: JSON that names one, a form with files, the bytes themselves, or a bare URL."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from starlette.requests import Request

from openhearth.config import Config
from openhearth.core.documents import Document
from openhearth.core.envelope import Envelope
from openhearth.core.errors import RequestError, TooLarge, UnsupportedMedia
from openhearth.core.multipart import Event, Field, FileBegin, FileData, FormReader, boundary_of
from openhearth.surfaces.http import body_bytes, body_pieces, json_body

SOURCE_NAMES = ("image", "images", "file", "files", "data", "document", "url", "image_url", "file_id")
PICTURE_WORDS = frozenset({"none", "figures", "objects", "pages", "page", "both"})
"""``images`` names documents, unless it is one of these: then it says which pictures to give back."""

MOST_DOCUMENTS = 16
CALL_FACTOR = 2
"""All documents of a call together have at most this many times the bytes of one."""
_FORM_BYTES = 2 * 1024 * 1024
_MOST_URL_BYTES = 16 * 1024
_BASE64_FACTOR = 4 / 3
_WANT = TypeVar("_WANT")


class _Address(msgspec.Struct):
    url: str | None = None
    image_url: str | None = None
    file_id: str | None = None


Source = Document | tuple[str, str]
"""A document that came in the body, or the name of the field and what it says: a URL, a data URI, an id."""


class Fields:
    """Options of a request: those of its body, and those of its query where the body is silent."""

    def __init__(self, query: Mapping[str, str], texts: Mapping[str, str], envelope: Envelope | None) -> None:
        self._texts = {**query, **texts}
        self._envelope = envelope

    @property
    def names(self) -> tuple[str, ...]:
        """All names that were sent, but those of documents."""
        sent = [*self._texts, *(self._envelope.fields if self._envelope else ())]
        return tuple(name for name in dict.fromkeys(sent) if not self._is_source(name))

    def _is_source(self, name: str) -> bool:
        if name == "images" and self._envelope is not None and name in self._envelope.fields:
            return not _is_word(self._envelope.get(name, object))
        return name.removesuffix("[]") in SOURCE_NAMES and not (name == "images" and _is_word(self._texts.get(name)))

    def get(self, name: str, want: type[_WANT]) -> _WANT | None:
        """``None`` when absent, null or empty. Raises RequestError naming the field."""
        if self._envelope is not None and name in self._envelope.fields:
            return self._envelope.get(name, want)
        text = self._texts.get(name, "").strip()
        if not text:
            return None
        try:
            return msgspec.convert(text, want, strict=False)
        except msgspec.ValidationError as error:
            raise RequestError(f"'{name}': {error}", param=name, code="invalid_type") from error

    def texts(self) -> dict[str, str]:
        """Everything as text, for forms that know only that. Raises RequestError naming a number out of all bounds."""
        found = dict(self._texts)
        for name in self._envelope.fields if self._envelope else ():
            value = self._envelope.get(name, object) if self._envelope else None
            if isinstance(value, str | int | float) and name not in SOURCE_NAMES:
                found[name] = str(int(value)) if isinstance(value, bool) else str(value)
        return found


class Order(msgspec.Struct, frozen=True):
    """A request as it came. ``named`` is the field its first document came in, empty for a bare body."""

    fields: Fields
    sources: tuple[Source, ...]
    named: str = ""

    @property
    def renamed(self) -> dict[str, str]:
        """What readers call the document in their errors, and what the client calls it."""
        return dict.fromkeys(("file", "image"), self.named) if self.named else {}


async def read_order(request: Request, config: Config, *, named: str = "image") -> Order:
    """``named`` is the field that the error of a missing document names.

    Raises RequestError, TooLarge, UnsupportedMedia and RequestTimeout."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    query = dict(request.query_params)
    if declared == "multipart/form-data":
        return _checked(await _form(request, query, config), named)
    if declared in ("", "application/json") or declared.endswith("+json"):
        most = int(config.documents.file_bytes * _BASE64_FACTOR) + _FORM_BYTES
        limits = msgspec.structs.replace(config.limits, json_body_bytes=max(most, config.limits.json_body_bytes))
        envelope = await json_body(request, limits)
        sources = _named(envelope)
        return _checked(Order(Fields(query, {}, envelope), sources, sources[0][0] if sources else ""), named)
    most, within_s = config.documents.file_bytes, config.limits.body_s
    data = await body_bytes(request, most=most, within_s=within_s)
    if declared == "application/x-www-form-urlencoded" and data.isascii():  # what curl calls whatever it is given
        raise UnsupportedMedia(
            "Send JSON as 'application/json', files as 'multipart/form-data' or as the bytes of their own type. "
            "请用 JSON、multipart 表单或文件本身。"
        )
    if declared == "text/plain" and len(data) <= _MOST_URL_BYTES and _is_address(data):
        return Order(Fields(query, {}, None), (("data", data.decode("latin-1").strip()),))
    return _checked(Order(Fields(query, {}, None), (Document(data, mime=declared),) if data else ()), named)


def _is_address(data: bytes) -> bool:
    return data.lstrip()[:8].lower().startswith((b"http://", b"https://", b"data:"))


def _checked(order: Order, named: str) -> Order:
    if not order.sources:
        raise RequestError(
            "Give the document: 'image' or 'file' as a URL, data URI or file id, or an upload. 请提供文件。",
            param=named,
            code="missing_file",
        )
    if len(order.sources) > MOST_DOCUMENTS:
        raise RequestError(f"At most {MOST_DOCUMENTS} documents in one call.", param=named, code="too_many_images")
    return order


def _named(envelope: Envelope) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for name in SOURCE_NAMES:
        given = envelope.get(name, str | _Address | list[str | _Address])  # type: ignore[arg-type]
        if name == "images" and _is_word(given):
            continue
        every = given if isinstance(given, list) else [given]
        found += [(name, _text(one, name)) for one in every if one is not None]
    return tuple(found)


def _is_word(given: object) -> bool:
    return isinstance(given, str) and given.strip().lower() in PICTURE_WORDS


def _text(given: object, name: str) -> str:
    text = given if isinstance(given, str) else ""
    if isinstance(given, _Address):
        text = given.url or given.image_url or given.file_id or ""
    if not text.strip():
        raise RequestError(f"Field '{name}' is empty.", param=name, code="missing_file")
    return text.strip()


async def _form(request: Request, query: dict[str, str], config: Config) -> Order:
    reader = FormReader(boundary_of(request.headers.get("content-type", "")))
    form = _Form(config.documents.file_bytes)
    most = CALL_FACTOR * config.documents.file_bytes + _FORM_BYTES
    async for piece in body_pieces(request, most=min(most, config.limits.upload_bytes), within_s=config.limits.body_s):
        for event in reader.feed(piece):
            form.take(event)
    reader.close()
    form.end()
    return Order(Fields(query, form.texts, None), tuple(form.sources), form.named)


class _Form:
    """The parts of one form, in whatever order they come."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._file: FileBegin | None = None
        self._data = bytearray()
        self.named = ""
        self.sources: list[Source] = []
        self.texts: dict[str, str] = {}

    def take(self, event: Event) -> None:
        """Raises RequestError and TooLarge as soon as a part is wrong."""
        match event:
            case FileData(data):
                self._data += data
                if len(self._data) > self._most_bytes:
                    raise TooLarge(
                        f"A document has at most {self._most_bytes} bytes.", param="file", code="document_too_large"
                    )
            case FileBegin(name):
                self.end()
                if name.removesuffix("[]") not in SOURCE_NAMES:
                    raise RequestError(
                        "Send documents as 'file', 'image' or 'data'.", param=name[:80], code="unexpected_file"
                    )
                self._file = event
                self.named = self.named or name.removesuffix("[]")
            case Field(name, value):
                plain = name.removesuffix("[]")
                if plain in SOURCE_NAMES and not (plain == "images" and _is_word(value)):
                    self.named = self.named or plain
                    self.sources.append((plain, _text(value, plain)))
                else:
                    self.texts.setdefault(name, value)

    def end(self) -> None:
        """The file that began last is whole."""
        if self._file is not None:
            self.sources.append(Document(bytes(self._data), self._file.filename, self._file.mime))
        self._file, self._data = None, bytearray()
