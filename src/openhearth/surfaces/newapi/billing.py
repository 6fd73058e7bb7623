"""What a key has used and has left: OpenAI's old billing form, New API's own, and the seed's ``{balance}``.

A key with a quota is told its own; one without, its user's, where that has one.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from openhearth.accounts.quota_units import usd
from openhearth.core.call import Principal
from openhearth.stores.newapi_ports import NewApiRecords
from openhearth.surfaces.newapi.caller import Callers
from openhearth.surfaces.newapi.envelope import Said
from openhearth.surfaces.newapi.standing import Left, Standings, left_of_token
from openhearth.surfaces.newapi.terms import moment

_UNLIMITED_USD = 100_000_000


class Billing:
    """The handlers."""

    def __init__(self, records: NewApiRecords, standings: Standings, callers: Callers) -> None:
        self._records = records
        self._standings = standings
        self._callers = callers

    async def subscription(self, _: Request, by: Principal) -> Response:
        """GET /v1/dashboard/billing/subscription: what was granted in all, in dollars."""
        left = await self._left(by)
        granted: Any = _UNLIMITED_USD if left.left_nanos is None else usd(left.left_nanos + left.used_nanos)
        return Said(
            {
                "object": "billing_subscription",
                "has_payment_method": True,
                "soft_limit_usd": granted,
                "hard_limit_usd": granted,
                "system_hard_limit_usd": granted,
                "access_until": moment(by.expires_at, never=0),
            }
        )

    async def usage(self, _: Request, by: Principal) -> Response:
        """GET /v1/dashboard/billing/usage: hundredths of a dollar, of all time whatever the dates, as New API does."""
        left = await self._left(by)
        return Said({"object": "list", "total_usage": usd(left.used_nanos * 100)})

    async def grants(self, _: Request, by: Principal) -> Response:
        """GET /v1/dashboard/billing/credit_grants."""
        return Said({"object": "credit_summary", **_summary(await self._left(by), by)})

    async def credits(self, _: Request, by: Principal) -> Response:
        """GET /v1/credits, as OpenRouter's clients ask."""
        left = await self._left(by)
        granted: Any = _UNLIMITED_USD if left.left_nanos is None else usd(left.left_nanos + left.used_nanos)
        return Said({"data": {"total_credits": granted, "total_usage": usd(left.used_nanos)}})

    async def balance(self, _: Request, by: Principal) -> Response:
        """GET /oneapi/token: dollars left."""
        left = await self._left(by)
        return Said({"balance": _UNLIMITED_USD if left.left_nanos is None else usd(left.left_nanos)})

    async def token(self, _: Request, by: Principal) -> Response:
        """GET /api/usage/token/: quota units of this very key."""
        await self._standings.settle()
        token = await self._records.token_of(by.key_id) if by.key_id else None
        if token is None:
            left = await self._standings.user(await self._callers.user(by))
        else:
            left = left_of_token(token)
        granted = 0 if left.left_nanos is None else left.units
        data = {
            "object": "token_usage",
            "name": by.name,
            "total_granted": granted + left.used,
            "total_used": left.used,
            "total_available": granted,
            "unlimited_quota": left.left_nanos is None,
            "model_limits": dict.fromkeys(token.key.models if token else by.models, True),
            "model_limits_enabled": bool(token.key.models if token else by.models),
            "expires_at": moment(by.expires_at, never=0),
        }
        return Said({"code": True, "message": "ok", "data": data})

    async def _left(self, by: Principal) -> Left:
        await self._standings.settle()
        token = await self._records.token_of(by.key_id) if by.key_id else None
        if token is not None and token.key.allowance.quota_micros is not None:
            return left_of_token(token)
        of_user = await self._standings.user(await self._callers.user(by))
        return of_user if token is None or of_user.left_nanos is not None else left_of_token(token)


def _summary(left: Left, by: Principal) -> dict[str, Any]:
    unlimited = left.left_nanos is None
    available: Any = _UNLIMITED_USD if left.left_nanos is None else usd(left.left_nanos)
    granted: Any = _UNLIMITED_USD if left.left_nanos is None else usd(left.left_nanos + left.used_nanos)
    return {
        "total_granted": granted,
        "total_used": usd(left.used_nanos),
        "total_available": available,
        "unlimited": unlimited,
        "expires_at": moment(by.expires_at, never=0) * 1000,
    }
