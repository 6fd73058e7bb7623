"""Fish Audio's voices where Fish Audio is attached: the request goes there, the answer comes back as it is."""

from collections.abc import Awaitable
from typing import Protocol
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from openhearth.core.call import Principal, Usage
from openhearth.core.errors import NotFound
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Target
from openhearth.dialects import fish_errors
from openhearth.relay.work import Calls
from openhearth.surfaces.work_answers import whole
from openhearth.transport.wire import Answer

_DIALECTS = frozenset({Dialect.FISH_SPEECH})
_ANY_MODEL = "fish/voices"


class Voices(Protocol):
    """``providers.fish.models.FishVoices``."""

    def ask(self, target: Target, method: str, path: str, content_type: str, body: bytes) -> Awaitable[Answer]: ...


class FishModels:
    """Passes requests about voices on."""

    def __init__(self, calls: Calls, voices: Voices) -> None:
        self._calls = calls
        self._voices = voices

    def is_attached(self, principal: Principal) -> bool:
        """Whether there is an account at Fish Audio to ask."""
        return self.is_fish(principal, _ANY_MODEL)

    def is_fish(self, principal: Principal, model: str) -> bool:
        """Whether Fish Audio itself is the first to be asked for ``model``."""
        try:
            targets = self._calls.targets(principal, Operation.SPEECH, model, frozenset(Dialect))
        except NotFound:
            return False
        return targets[0].speaks(Operation.SPEECH) in _DIALECTS

    async def passed_on(self, request: Request, principal: Principal, path: str, body: bytes) -> Response:
        """The answer of Fish Audio. Raises GatewayErrors."""
        query = urlencode(request.query_params.multi_items())
        place = quote(path, safe="/") + (f"?{query}" if query else "")
        kind = request.headers.get("content-type", "")
        work = await self._calls.open(principal, Operation.SPEECH, _ANY_MODEL, dialects=_DIALECTS, worst=Usage())

        async def make() -> Response:
            answer = await work.one(lambda target: self._voices.ask(target, request.method, place, kind, body))
            said = answer.header(b"content-type").decode("latin-1") or "application/json"
            return Response(answer.body, answer.status, headers=work.headers(), media_type=said)

        return await whole(request, work, make(), fish_errors)
