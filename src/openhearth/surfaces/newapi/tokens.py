"""/api/token: the caller's own keys as New API's tokens."""

import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from openhearth.accounts import rules
from openhearth.accounts.key_desk import KeyDesk, NewKey
from openhearth.accounts.quota_units import MICROS_PER_UNIT, micros_of
from openhearth.config import ConfigError, Limits
from openhearth.core.allowance import Allowance
from openhearth.core.call import Principal
from openhearth.core.errors import Conflict, Forbidden, NotFound, RequestError
from openhearth.core.provider import Secret
from openhearth.stores.key_ports import AccountRecords
from openhearth.stores.newapi_ports import NewApiRecords, Token
from openhearth.surfaces.newapi.envelope import listed, number_in, ok, page_of, read
from openhearth.surfaces.newapi.standing import left_of_token
from openhearth.surfaces.newapi.words import DISABLED, ENABLED, EXHAUSTED, EXPIRED, NEVER, moment

_SK = "sk-"
_MOST_UNITS = 10**12 // MICROS_PER_UNIT
_MOST_AT_ONCE = 100
_Units = Annotated[int, msgspec.Meta(ge=0, le=_MOST_UNITS)]
_Moment = Annotated[int, msgspec.Meta(ge=-1, le=10**11)]


class TokenBody(msgspec.Struct, frozen=True):
    """Body of POST and PUT /api/token/. Fields of the form that clients cannot set are passed over."""

    id: int = 0
    name: str = ""
    status: int = 0
    remain_quota: _Units | None = None
    unlimited_quota: bool | None = None
    expired_time: _Moment | None = None
    model_limits_enabled: bool | None = None
    model_limits: str | None = None
    allow_ips: str | None = None
    group: str | None = None
    cross_group_retry: bool = False


class Ids(msgspec.Struct, frozen=True):
    """Body of POST …/batch."""

    ids: Annotated[tuple[int, ...], msgspec.Meta(min_length=1, max_length=_MOST_AT_ONCE)]


class Sealer:
    """``accounts.secrets.Vault``, as far as a kept key is read."""

    def unseal(self, sealed: str) -> Secret:
        raise NotImplementedError


class Tokens:
    """The handlers. Whoever asks sees their own keys only, whatever else they may administer elsewhere."""

    def __init__(
        self,
        desk: KeyDesk,
        accounts: AccountRecords,
        records: NewApiRecords,
        digest_of: Callable[[str], str],
        unseal: Callable[[str], Secret],
        limits: Limits,
    ) -> None:
        self._desk = desk
        self._accounts = accounts
        self._records = records
        self._digest_of = digest_of
        self._unseal = unseal
        self._limits = limits

    async def list(self, request: Request, by: Principal) -> Response:
        page = page_of(request)
        found, total = await self._records.tokens(by.user_id, offset=page.offset, limit=page.size)
        return listed(await self._rows(found), total, page)

    async def search(self, request: Request, by: Principal) -> Response:
        """By a part of the name (``keyword``) or a whole key (``token``)."""
        page = page_of(request)
        keyword, token = request.query_params.get("keyword", ""), request.query_params.get("token", "")
        digest = self._digest_of(_SK + token.removeprefix(_SK)) if token else ""
        found, total = await self._records.tokens(
            by.user_id, search=keyword, digest=digest, offset=page.offset, limit=page.size
        )
        return listed(await self._rows(found), total, page)

    async def one(self, request: Request, by: Principal) -> Response:
        return ok((await self._rows([await self._mine(by, number_in(request, "token"))]))[0])

    async def create(self, request: Request, by: Principal) -> Response:
        """The key is in the answer, this once; as everywhere in this form without its ``sk-``."""
        body = await read(request, TokenBody, self._limits)
        _check(body)
        made, text = await self._desk.create(by, _new(body))
        token = await self._records.token_of(made.id)
        assert token is not None
        return ok({**_row(token), "key": text.removeprefix(_SK), "full_key": text})

    async def change(self, request: Request, by: Principal) -> Response:
        """``status_only`` in the query: nothing but the status."""
        body = await read(request, TokenBody, self._limits)
        token = await self._mine(by, body.id)
        changes: dict[str, Any] = {}
        if not request.query_params.get("status_only"):
            _check(body)
            changes = _changes(body, token)
        elif body.status not in (ENABLED, DISABLED):
            raise RequestError("'status' is 1 (enabled) or 2 (disabled).", param="status", code="invalid_value")
        if body.status in (ENABLED, DISABLED):
            if body.status == ENABLED:
                _check_usable(token, changes)
            changes["disabled"] = body.status == DISABLED
        if changes:
            await self._desk.change(by, token.key.id, changes)
        return ok((await self._rows([await self._mine(by, body.id)]))[0])

    async def delete(self, request: Request, by: Principal) -> Response:
        await self._drop(by, number_in(request, "token"))
        return ok()

    async def delete_many(self, request: Request, by: Principal) -> Response:
        """How many there were; others' and missing ones are passed over, like there."""
        count = 0
        for number in dict.fromkeys((await read(request, Ids, self._limits)).ids):
            try:
                await self._drop(by, number)
            except NotFound:
                continue
            count += 1
        return ok(count)

    async def key(self, request: Request, by: Principal) -> Response:
        """The whole key, where the operator has keys kept so that they can be shown again."""
        token = await self._mine(by, number_in(request, "token"))
        return ok({"key": self._text(token)})

    async def keys(self, request: Request, by: Principal) -> Response:
        """Whole keys by number."""
        numbers = (await read(request, Ids, self._limits)).ids
        return ok({"keys": {str(number): self._text(await self._mine(by, number)) for number in numbers}})

    def _text(self, token: Token) -> str:
        if not token.key.sealed:
            raise Forbidden(
                f"This key ({_masked(token)}) cannot be shown again: keys are kept as digests. It was shown when it was "
                "made; make another one.",
                code="key_not_kept",
            )
        try:
            return self._unseal(token.key.sealed).reveal().removeprefix(_SK)
        except ConfigError as error:
            raise Conflict("This key cannot be read any more: make another one.", code="key_not_kept") from error

    async def _drop(self, by: Principal, number: int) -> None:
        """Our records keep a disabled key, for what it spent; in this form it is gone."""
        token = await self._mine(by, number)
        if not token.key.disabled:
            await self._desk.disable(by, token.key.id)
        await self._records.drop_token(token.key.id)

    async def _mine(self, by: Principal, number: int) -> Token:
        """Raises NotFound, for foreign ones too."""
        token = await self._records.token(number) if number > 0 else None
        if token is None or token.key.user_id != by.user_id or not rules.sees_key(by, token.key):
            raise NotFound(f"There is no token {number}.", code="not_found")
        return token

    async def _rows(self, tokens: "Any") -> "list[dict[str, Any]]":
        names = await self._records.names({token.key.user_id for token in tokens}, (), ())
        return [{**_row(token), "user_id": _number(names.users, token.key.user_id)} for token in tokens]
