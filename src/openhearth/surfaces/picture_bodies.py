"""The two bodies of calls about pictures, JSON and multipart, read into one order."""

import math
from typing import Protocol, TypeVar

import msgspec
from starlette.requests import Request
from typing_extensions import override

from openhearth.config import Limits
from openhearth.core.envelope import Envelope
from openhearth.core.errors import RequestError, TooLarge
from openhearth.core.multipart import Field, FileBegin, FileData, FileEnd, FormReader, boundary_of
from openhearth.surfaces.http import body_pieces, json_body

MOST_PICTURES = 16
_MOST_UPLOADS_BYTES = 128 * 1024 * 1024
_IMAGE_NAMES = ("image", "image[]", "images", "images[]", "image2", "image3", "image4")
STRUCTURAL = frozenset({"model", "prompt", "mask", "stream", "response_format", *_IMAGE_NAMES})
_WANT = TypeVar("_WANT")


class _Address(msgspec.Struct):
    url: str = ""


class _Ref(msgspec.Struct):
    image_url: str | _Address | None = None
    file_id: str | None = None
    url: str | None = None


class Fields(Protocol):
    """A body's fields: an Envelope, or a form."""

    def get(self, name: str, want: type[_WANT]) -> _WANT | None:
        """``None`` when absent or null. Raises RequestError naming the field."""


class Order(msgspec.Struct, frozen=True):
    """A body as it came. A picture is a source text (URL, data URI, id) or the uploaded bytes themselves.

    ``extras`` are all fields but the structural ones, as JSON; ``given_as`` are the fields that the pictures came in.
    """

    fields: Fields
    names: tuple[str, ...]
    extras: dict[str, msgspec.Raw]
    pictures: tuple[str | bytes, ...] = ()
    mask: str | bytes | None = None
    given_as: tuple[str, ...] = ()

    @property
    def picture_field(self) -> str:
        """The field of the pictures, for errors that are not about a certain one."""
        return self.given_as[0] if self.given_as else "image"


async def read_order(request: Request, limits: Limits, *, also: tuple[str, ...] = ()) -> Order:
    """The order in a JSON or multipart body; ``also`` are further names of pictures.

    Raises RequestError, TooLarge, UnsupportedMedia and RequestTimeout.
    """
    declared = request.headers.get("content-type", "")
    if declared.partition(";")[0].strip().lower() == "multipart/form-data":
        return await _form(request, boundary_of(declared), limits, (*_IMAGE_NAMES, *also))
    return _json(await json_body(request, limits), (*_IMAGE_NAMES, *also))


def _json(envelope: Envelope, image_names: tuple[str, ...]) -> Order:
    given = [(source, _field(name)) for name in image_names for source in _sources(envelope, name)]
    pictures, given_as = [source for source, _ in given], [name for _, name in given]
    masks = _sources(envelope, "mask")
    if len(pictures) > MOST_PICTURES:
        raise _too_many()
    if len(masks) > 1:
        raise RequestError("One mask for all pictures.", param="mask", code="too_many_images")
    extras = {name: raw for name, raw in envelope.fields.items() if name not in STRUCTURAL}
    mask = masks[0] if masks else None
    return Order(envelope, tuple(envelope.fields), extras, tuple(pictures), mask, tuple(given_as))


def _sources(envelope: Envelope, name: str) -> list[str]:
    raw = bytes(envelope.fields.get(name, b"null"))
    try:
        given = msgspec.json.decode(raw, type=str | _Ref | list[str | _Ref] | None)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(f"Field '{name}': {error}", param=name, code="invalid_type") from error
    if given is None:
        return []
    found = [_source(one) for one in (given if isinstance(given, list) else [given])]
    if not all(found):
        raise RequestError(f"Field '{name}': give image_url or file_id.", param=name, code="invalid_image")
    return found


def _source(given: str | _Ref) -> str:
    if isinstance(given, str):
        return given
    address = given.image_url if given.image_url is not None else given.url
    return (address.url if isinstance(address, _Address) else address) or given.file_id or ""


class _FormFields(Fields):
    """Text fields of a form, converted to the type that is asked for; the first of a name counts."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts

    @override
    def get(self, name: str, want: type[_WANT]) -> _WANT | None:
        text = self._texts.get(name)
        if text is None or (text == "" and want is not str):
            return None
        try:
            if want not in (str, int, float, bool):  # an object travels in a form as its JSON
                return msgspec.json.decode(text, type=want)
            value = msgspec.convert(text, want, strict=False)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise RequestError(f"Field '{name}': {error}", param=name, code="invalid_type") from error
        if isinstance(value, float) and not math.isfinite(value):
            raise RequestError(f"Field '{name}' is not a finite number.", param=name, code="invalid_type")
        return value


class _Upload:
    """Collects the parts of one form, bounded in number and bytes."""

    def __init__(self, image_names: tuple[str, ...]) -> None:
        self._image_names = image_names
        self.texts: dict[str, str] = {}
        self.pictures: list[str | bytes] = []
        self.given_as: list[str] = []
        self.mask: str | bytes | None = None
        self._name = ""
        self._pieces: list[bytes] = []
        self._bytes = 0

    def take(self, event: Field | FileBegin | FileData | FileEnd) -> None:
        if isinstance(event, Field):
            self._text(event)
        elif isinstance(event, FileBegin):
            self._name = event.name
            self._pieces = []
        elif isinstance(event, FileData):
            self._bytes += len(event.data)
            if self._bytes > _MOST_UPLOADS_BYTES:
                raise TooLarge(f"The pictures together are larger than {_MOST_UPLOADS_BYTES} bytes.", param="image")
            self._pieces.append(event.data)
        else:
            self._file(b"".join(self._pieces))

    def _text(self, field: Field) -> None:
        if field.name in self._image_names:
            self._picture(field.name, field.value)
        elif field.name == "mask":
            self.mask = field.value
        else:
            self.texts.setdefault(field.name, field.value)

    def _file(self, data: bytes) -> None:
        if self._name in self._image_names:
            self._picture(self._name, data)
        elif self._name == "mask":
            self.mask = data
        else:
            raise RequestError(
                f"'{self._name[:64]}' is no file of this path; send 'image', 'image[]' and 'mask'.",
                param=self._name[:64],
                code="unexpected_file",
            )

    def _picture(self, name: str, picture: str | bytes) -> None:
        self.pictures.append(picture)
        self.given_as.append(_field(name))
        if len(self.pictures) > MOST_PICTURES:
            raise _too_many()


async def _form(request: Request, boundary: bytes, limits: Limits, image_names: tuple[str, ...]) -> Order:
    reader = FormReader(boundary)
    upload = _Upload(image_names)
    async for piece in body_pieces(request, most=limits.upload_bytes, within_s=limits.body_s):
        for event in reader.feed(piece):
            upload.take(event)
    reader.close()
    names = (*upload.texts, *(["image"] if upload.pictures else []), *(["mask"] if upload.mask else []))
    extras = {name: _as_json(text) for name, text in upload.texts.items() if name not in STRUCTURAL}
    pictures, given_as = tuple(upload.pictures), tuple(upload.given_as)
    return Order(_FormFields(upload.texts), names, extras, pictures, upload.mask, given_as)


def _field(name: str) -> str:
    """``image[]`` is PHP's way to say that a form has several of ``image``."""
    return name.removesuffix("[]")


def _as_json(text: str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(text))


def _too_many() -> RequestError:
    return RequestError(f"At most {MOST_PICTURES} pictures.", param="image", code="too_many_images")
