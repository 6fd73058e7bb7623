"""New API's envelope ``{success, message, data}``, its pages, and errors told in it.

HTTP 200 also for what failed, a wrong password and what one may not among it: its clients look at ``success``. Those
who are not known get 401 as there; what is our trouble and not the request's keeps its own status, so that proxies and
monitors see it.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import override

from openhearth.config import Limits
from openhearth.core.errors import AccessError, Bug, Forbidden, GatewayError, RequestError, RequestTimeout, TooLarge
from openhearth.surfaces.http import body_bytes, struct_of

USUAL_SIZE = 10
MOST_SIZE = 100
_MOST_PAGE = 10**6
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DIGITS = 18
_WRONG_PASSWORD = "wrong_password"
_Body = TypeVar("_Body")


class Said(Response):
    """JSON with exact decimals as numbers."""

    media_type = "application/json"

    @override
    def render(self, content: object) -> bytes:
        return _ENCODER.encode(content)


class Page(msgspec.Struct, frozen=True):
    """``number`` begins with 1."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size


def ok(data: object = None, message: str = "", **more: object) -> Said:
    """The answer of something that worked; without ``data`` there is none in it."""
    said: dict[str, object] = {"success": True, "message": message}
    if data is not None:
        said["data"] = data
    return Said({**said, **more})


def page_of(request: Request) -> Page:
    """``p`` (from 1; 0 counts as 1) and ``page_size`` (or ``size``, ``ps``). Raises RequestError."""
    asked = request.query_params
    name = next((name for name in ("page_size", "size", "ps") if asked.get(name)), "page_size")
    size = whole(asked.get(name), name, USUAL_SIZE) or USUAL_SIZE
    number = whole(asked.get("p") or asked.get("page"), "p", 1) or 1
    if number < 0 or size < 0 or number > _MOST_PAGE:
        raise RequestError("'p' and 'page_size' are whole numbers from 1.", param="p", code="invalid_value")
    return Page(number, min(size, MOST_SIZE))


def listed(items: Sequence[object], total: int, page: Page, **more: object) -> Said:
    """A list as New API gives it."""
    return ok({"items": items, "total": total, "page": page.number, "page_size": page.size, **more})


def whole(text: str | None, name: str, usual: int) -> int:
    """A whole number of a query. Raises RequestError."""
    if not text:
        return usual
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS):
        raise RequestError(f"'{name}' is a whole number.", param=name, code="invalid_value")
    return int(text)


def number_in(request: Request, kind: str, name: str = "id") -> int:
    """The number in the path; what is none names nothing. Raises RequestError."""
    text = request.path_params[name]
    if text.isascii() and text.isdigit() and len(text) <= _DIGITS:
        return int(text)
    raise RequestError(f"There is no {kind} '{text[:60]}': they have numbers.", code="not_found")


async def read(request: Request, want: type[_Body], limits: Limits) -> _Body:
    """The JSON body, whatever it is declared as: there too, and scripts leave it to their client. Raises RequestError,
    TooLarge and RequestTimeout."""
    return struct_of(await body_bytes(request, most=limits.json_body_bytes, within_s=limits.body_s), want)


def shown(error: GatewayError) -> bytes:
    """The body of an error. ``code`` and ``param`` are additions that its clients pass over."""
    message = "Internal error. Quote the request id when you report it." if isinstance(error, Bug) else error.message
    said: dict[str, Any] = {"success": False, "message": message, "code": error.code, "param": error.param}
    return _ENCODER.encode(said)


def refusal(error: GatewayError) -> Response:
    """The answer that tells of ``error``."""
    answer = Response(shown(error), status_of(error), media_type=Said.media_type)
    if error.wait_s is not None:
        answer.headers["retry-after"] = str(error.wait_s)
    return answer


def status_of(error: GatewayError) -> int:
    """200 for what is wrong with the request itself, and for what its sender may not."""
    is_own = isinstance(error, RequestError | Forbidden) and not isinstance(error, TooLarge | RequestTimeout)
    is_wrong_password = isinstance(error, AccessError) and error.code == _WRONG_PASSWORD
    return 200 if is_own or is_wrong_password else error.shown_status
