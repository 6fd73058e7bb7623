"""/api/token: the caller's own keys as New API's tokens."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from openhearth.accounts import rules
from openhearth.accounts.audit import told
from openhearth.accounts.key_desk import KeyDesk, NewKey
from openhearth.accounts.quota_units import MICROS_PER_UNIT, micros_of
from openhearth.config import ConfigError, Limits
from openhearth.core.allowance import NANOS_PER_MICRO, Allowance
from openhearth.core.call import Principal
from openhearth.core.errors import Conflict, Forbidden, NotFound, RequestError
from openhearth.core.provider import Secret
from openhearth.stores.newapi_ports import Names, NewApiRecords, Token
from openhearth.surfaces.family import rename
from openhearth.surfaces.newapi.envelope import listed, number_in, ok, page_of, read
from openhearth.surfaces.newapi.standing import Standings, left_of_token
from openhearth.surfaces.newapi.terms import DISABLED, ENABLED, EXHAUSTED, EXPIRED, moment

_SK = "sk-"
_THEIR_WORDS = {"ips": "allow_ips", "models": "model_limits"}
_MASK = "oh-**********"
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


class Tokens:
    """The handlers. Whoever asks sees their own keys only, whatever else they may administer elsewhere."""

    def __init__(
        self,
        desk: KeyDesk,
        records: NewApiRecords,
        digest_of: Callable[[str], str],
        unseal: Callable[[str], Secret],
        standings: Standings,
        limits: Limits,
    ) -> None:
        self._desk = desk
        self._records = records
        self._digest_of = digest_of
        self._unseal = unseal
        self._standings = standings
        self._limits = limits

    async def listing(self, request: Request, by: Principal) -> Response:
        page = page_of(request)
        await self._standings.settle()
        found, total = await self._records.tokens(by.user_id, offset=page.offset, limit=page.size)
        return listed(await self._rows(found), total, page)

    async def search(self, request: Request, by: Principal) -> Response:
        """By a part of the name (``keyword``) or a whole key (``token``)."""
        page = page_of(request)
        keyword, token = request.query_params.get("keyword", ""), request.query_params.get("token", "")
        await self._standings.settle()
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
        with _in_their_words():
            made, text = await self._desk.create(by, _new(body))
        token = await self._records.token_of(made.id)
        assert token is not None
        (row,) = await self._rows([token])
        return ok({**row, "key": text.removeprefix(_SK), "full_key": text})

    async def change(self, request: Request, by: Principal) -> Response:
        """``status_only`` in the query: nothing but the status."""
        body = await read(request, TokenBody, self._limits)
        token = await self._changeable(by, body.id)
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
            with _in_their_words():
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
                f"This key ({_masked(token)}) cannot be shown again: only its digest is kept. It was shown when it was "
                "made; make another one.",
                code="key_not_kept",
            )
        try:
            return self._unseal(token.key.sealed).reveal().removeprefix(_SK)
        except ConfigError as error:
            raise Conflict("This key cannot be read any more: make another one.", code="key_not_kept") from error

    async def _drop(self, by: Principal, number: int) -> None:
        """Our records keep a disabled key, for what it spent; in this form it is gone."""
        token = await self._changeable(by, number)
        if not token.key.disabled:
            await self._desk.disable(by, token.key.id)
        await self._records.drop_token(
            token.key.id, told(by, "key.hide", token.key.id, {"token": number}, org_id=token.key.org_id)
        )

    async def _changeable(self, by: Principal, number: int) -> Token:
        """Raises NotFound, and Conflict for the very key that asks: it cannot widen or stop itself."""
        token = await self._mine(by, number)
        if token.key.id == by.key_id:
            raise Conflict("A key cannot change or delete itself: sign in, or use another one.", code="own_key")
        return token

    async def _mine(self, by: Principal, number: int) -> Token:
        """Raises NotFound, for foreign ones too."""
        await self._standings.settle()
        token = await self._records.token(number) if number > 0 else None
        if token is None or token.key.user_id != by.user_id or not rules.sees_key(by, token.key):
            raise NotFound(f"There is no token {number}.", code="not_found")
        return token

    async def _rows(self, tokens: Sequence[Token]) -> list[dict[str, Any]]:
        names = await self._records.names({token.key.user_id for token in tokens}, (), ())
        return [
            {
                **_row(token),
                "accessed_time": int(self._desk.used_at(token.key) or token.key.created_at),
                "user_id": _number_of(names, token.key.user_id),
            }
            for token in tokens
        ]


@contextmanager
def _in_their_words() -> Iterator[None]:
    """What the desk refuses is told by the names that the body had."""
    try:
        yield
    except RequestError as error:
        rename(error, _THEIR_WORDS)
        raise


def _number_of(names: Names, user_id: str) -> int:
    return names.users[user_id].number if user_id in names.users else 0


def _row(token: Token) -> dict[str, Any]:
    key, left = token.key, left_of_token(token)
    return {
        "id": token.number,
        "key": _masked(token),
        "status": _status(token),
        "name": key.name,
        "created_time": int(key.created_at),
        "accessed_time": int(key.created_at),
        "expired_time": moment(key.expires_at),
        "remain_quota": 0 if left.left_nanos is None else left.units,
        "unlimited_quota": left.left_nanos is None,
        "used_quota": left.used,
        "model_limits_enabled": bool(key.models),
        "model_limits": ",".join(key.models),
        "allow_ips": "\n".join(key.ips),
        "group": key.group_name,
        "cross_group_retry": False,
    }


def _masked(token: Token) -> str:
    return f"{_MASK}{token.key.hint}"


def _status(token: Token) -> int:
    key, left = token.key, left_of_token(token).left_nanos
    if key.disabled:
        return DISABLED
    if key.expires_at is not None and key.expires_at <= time.time():
        return EXPIRED
    return EXHAUSTED if left is not None and left <= 0 else ENABLED


def _check(body: TokenBody) -> None:
    if body.cross_group_retry:
        raise RequestError("A key has one group here: 'cross_group_retry' cannot be set.", param="cross_group_retry")


def _new(body: TokenBody) -> NewKey:
    units = body.remain_quota or 0
    return NewKey(
        name=body.name or "token",
        expires_at=_expiry(body.expired_time),
        models=_models(body),
        ips=_lines(body.allow_ips or ""),
        group_name=body.group or "",
        allowance=Allowance() if body.unlimited_quota else Allowance(quota_micros=micros_of(units)),
    )


def _changes(body: TokenBody, token: Token) -> dict[str, Any]:
    """Fields of the key that the body says; what it leaves out stays."""
    changes: dict[str, Any] = {}
    if body.name:
        changes["name"] = body.name
    if body.expired_time is not None:
        changes["expires_at"] = _expiry(body.expired_time)
    if body.model_limits is not None or body.model_limits_enabled is not None:
        changes["models"] = _models(body)
    if body.allow_ips is not None:
        changes["ips"] = _lines(body.allow_ips)
    if body.group is not None:
        changes["group_name"] = body.group
    if body.unlimited_quota is not None or body.remain_quota is not None:
        changes["allowance"] = {"quota_micros": _quota(body, token)}
    return changes


def _quota(body: TokenBody, token: Token) -> int | None:
    """What is left is said, what it may use in all is kept: the difference to what was shown is added."""
    if body.unlimited_quota:
        return None
    left, before = left_of_token(token), token.key.allowance.quota_micros
    if before is None:
        return micros_of((body.remain_quota or 0) + left.used)
    return before if body.remain_quota is None else max(0, before + micros_of(body.remain_quota - left.units))


def _check_usable(token: Token, changes: Mapping[str, Any]) -> None:
    """Raises RequestError when enabling would not let the key call."""
    expires_at = changes.get("expires_at", token.key.expires_at)
    if expires_at is not None and expires_at <= time.time():
        raise RequestError("This token is expired: give it another time first.", param="expired_time")
    quota = changes.get("allowance", {}).get("quota_micros", token.key.allowance.quota_micros)
    if quota is not None and quota * NANOS_PER_MICRO <= token.spent_nanos:
        raise RequestError("This token's quota is used up: give it more first.", param="remain_quota")


def _expiry(said: int | None) -> float | None:
    return None if said is None or said <= 0 else float(said)


def _models(body: TokenBody) -> tuple[str, ...]:
    if body.model_limits_enabled is False:
        return ()
    names = tuple(name.strip() for name in (body.model_limits or "").split(",") if name.strip())
    if body.model_limits_enabled and not names:
        raise RequestError("'model_limits' names no model, so that the token could call none.", param="model_limits")
    return names


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.replace(",", "\n").split("\n") if line.strip())
