"""Who calls, in the ways New API's clients say it: an access token or a session, with or without ``New-Api-User``.

The header names the user's number. Where it is sent it must be the caller's; one-api's clients do not send it. It also
shows that no other site's page sent a request by cookie: a page could not set it without a permission of ours.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from openhearth.accounts.principals import ROOT
from openhearth.core.call import Principal
from openhearth.core.errors import AccessError, GatewayError
from openhearth.core.permissions import ROOT_USER
from openhearth.relay.gate import Gate, key_of
from openhearth.stores.access_ports import AccessRecords, UserRecord
from openhearth.surfaces.http import REFUSED, identified, principal_of
from openhearth.surfaces.newapi.envelope import refusal
from openhearth.surfaces.signed_in import check_not_followed, token_of

HEADER = "new-api-user"
_PREFIXES = (b"sk-", b"at-oh-", b"ss-oh-")
Handler = Callable[[Request, Principal], Awaitable[Response]]


class Callers:
    """Identifies, and tells refusals in New API's form."""

    def __init__(self, gate: Gate, records: AccessRecords) -> None:
        self._gate = gate
        self._records = records

    def known(self, handler: Handler, *, writes: bool = False) -> Callable[[Request], Awaitable[Response]]:
        """``handler``, for somebody who has what the route asks. ``writes``: a GET that changes something."""

        async def answered(request: Request) -> Response:
            try:
                return await handler(request, await self._caller(request, writes=writes))
            except GatewayError as error:
                return _refused(request, error)

        return answered

    def by_key(self, handler: Handler, *, in_query: bool = False) -> Callable[[Request], Awaitable[Response]]:
        """``handler``, for whoever has a key; its ``sk-`` may be missing. ``in_query``: also as ``?key=``."""

        async def answered(request: Request) -> Response:
            try:
                return await handler(request, await self._of_key(request, in_query=in_query))
            except GatewayError as error:
                return _refused(request, error)

        return answered

    def by_key_plainly(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """``by_key`` for OpenAI's old forms, which tell errors in their own way; somebody signed in may ask as well."""

        async def answered(request: Request) -> Response:
            if key_of(request.scope["headers"]) is None:
                return await handler(request, await principal_of(request, self._gate))
            return await handler(request, await self._of_key(request))

        return answered

    def anybody(
        self, handler: Callable[[Request, Principal | None], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """``handler``, told who calls if that is known."""

        async def answered(request: Request) -> Response:
            try:
                return await handler(request, await self._maybe(request))
            except GatewayError as error:
                return _refused(request, error)

        return answered

    async def user(self, principal: Principal) -> UserRecord:
        """The caller's record; root always has one. Raises AccessError."""
        found = await self._records.user(principal.user_id)
        if found is None and principal.user_id == ROOT_USER:
            return ROOT
        if found is None:
            raise AccessError("The account behind this is gone.", code="user_disabled")
        return found

    async def _of_key(self, request: Request, *, in_query: bool = False) -> Principal:
        key = key_of(request.scope["headers"])
        if key is None and in_query:
            key = request.query_params.get("key", "").encode() or None
        if key and not key.startswith(_PREFIXES):
            key = b"sk-" + key
        return await identified(request, self._gate, key)

    async def _caller(self, request: Request, *, writes: bool) -> Principal:
        said = request.headers.get(HEADER, "")
        if writes and not said and key_of(request.scope["headers"]) is None:
            check_not_followed(request)
        if said and key_of(request.scope["headers"]) is None and (cookie := token_of(request)):
            principal = await identified(request, self._gate, cookie.encode())
        else:
            principal = await principal_of(request, self._gate)
        if said and said.strip() != str((await self.user(principal)).number):
            raise AccessError("'New-Api-User' names somebody else than the access token.", code="wrong_user")
        return principal

    async def _maybe(self, request: Request) -> Principal | None:
        """A key that is not good counts as none: this is for everybody."""
        if key_of(request.scope["headers"]) is None and not token_of(request):
            return None
        try:
            return await principal_of(request, self._gate)
        except AccessError:
            return None


def _refused(request: Request, error: GatewayError) -> Response:
    request.scope[REFUSED] = True
    return refusal(error)
