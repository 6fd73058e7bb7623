"""Routes of a family of clients: whatever goes wrong in them is told in that family's way."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from openhearth.core.errors import GatewayError
from openhearth.surfaces.work_answers import Errors

Endpoint = Callable[[Request], Awaitable[Response]]


def told_by(errors: Errors, endpoint: Endpoint) -> Endpoint:
    """``endpoint``, with its GatewayErrors answered in the form of ``errors``."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except GatewayError as error:
            answer = Response(errors.shown(error), error.shown_status)
            for name, value in errors.headers(error):
                answer.headers[name.decode()] = value.decode()
            return answer

    return answered


def rename(error: GatewayError, names: Mapping[str, str]) -> None:
    """Have ``error`` speak of its field as its client knows it: ours → theirs."""
    ours = error.param or ""
    if ours in names:
        error.param = names[ours]
        error.message = error.message.replace(f"'{ours}'", f"'{error.param}'")


class Renamed:
    """``errors`` for a family whose fields have other names than those our own parts know: ours → theirs."""

    def __init__(self, errors: Errors, names: Mapping[str, str]) -> None:
        self._errors = errors
        self._names = names

    def shown(self, error: GatewayError) -> bytes:
        rename(error, self._names)
        return self._errors.shown(error)

    def headers(self, error: GatewayError) -> list[tuple[bytes, bytes]]:
        return self._errors.headers(error)

    def event(self, error: GatewayError) -> bytes:
        return self._errors.event(error)
