"""Options of New API's form that mean something here: words for clients, how amounts are shown, groups and prices.

Words and display lie in the settings, under a prefix; groups and prices are our own, read and written through their
tables. An option that means nothing here is refused, never kept.
"""

import re
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation
from typing import Literal, Protocol

from openhearth.accounts.audit import told
from openhearth.accounts.option_maps import GroupMaps, PriceMaps
from openhearth.accounts.quota_units import UNITS_PER_USD
from openhearth.core.call import Principal
from openhearth.core.errors import Forbidden, RequestError
from openhearth.stores.access_ports import Audit

PREFIX = "newapi:"
_WORDS = {
    "SystemName": 100,
    "Notice": 50_000,
    "About": 50_000,
    "HomePageContent": 50_000,
    "Footer": 5_000,
    "Logo": 2_000,
    "TopUpLink": 2_000,
    "general_setting.docs_link": 2_000,
    "general_setting.custom_currency_symbol": 8,
}
_FLAGS = ("DisplayInCurrencyEnabled", "RegisterEnabled")
_RATES = ("USDExchangeRate", "general_setting.custom_currency_exchange_rate")
_DISPLAYS = ("USD", "CNY", "TOKENS", "CUSTOM")
_DISPLAY = "general_setting.quota_display_type"
_RATE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_USUAL = {
    **dict.fromkeys(_WORDS, ""),
    "SystemName": "OpenHearth",
    "DisplayInCurrencyEnabled": "true",
    _DISPLAY: "USD",
    "USDExchangeRate": "1",
    "general_setting.custom_currency_exchange_rate": "1",
    "general_setting.custom_currency_symbol": "¤",
}


class OptionRecords(Protocol):
    """Parts of ``stores.ports.Settings`` and ``stores.newapi_ports.NewApiRecords``."""

    async def options(self, prefix: str) -> dict[str, str]: ...


class SettingWriter(Protocol):
    """``stores.ports.Settings``."""

    async def put_setting(self, name: str, value: str, audit: Audit | None = None) -> None: ...


class SettingReader(Protocol):
    """``stores.ports.Settings``."""

    async def setting(self, name: str) -> str | None: ...


Registration = bool | Literal["option"]
"""``config.Access.registration``."""


async def may_register(settings: SettingReader, registration: Registration) -> bool:
    """Whether anybody may make an account: ``registration`` is what the settings file says; an option may close it, and
    open it where the file leaves it to the option."""
    return registration is not False and _is_open(registration, await settings.setting(f"{PREFIX}RegisterEnabled"))


def _is_open(registration: Registration, option: str | None) -> bool:
    return option == "true" if registration == "option" else registration and option != "false"


class Options:
    """Every option by the name New API gives it. All values are texts."""

    def __init__(
        self,
        records: OptionRecords,
        settings: SettingWriter,
        groups: GroupMaps,
        prices: PriceMaps,
        *,
        registration: Registration,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``registration`` is what the settings say: an option can close it, and open it where they say so."""
        self._records = records
        self._settings = settings
        self._registration = registration
        self._now = now
        self._maps: dict[str, tuple[Callable[[], Awaitable[str]], Callable[[Principal, str], Awaitable[None]]]] = {
            "GroupRatio": (groups.ratios, groups.put_ratios),
            "UserUsableGroups": (groups.usable, groups.put_usable),
            "ModelPrice": (prices.of_calls, prices.put_of_calls),
            "ModelRatio": (prices.inputs, prices.put_inputs),
            "CompletionRatio": (prices.outputs, prices.put_outputs),
            "CacheRatio": (prices.cached, prices.put_cached),
        }

    async def words(self) -> dict[str, str]:
        """What anybody may be told: words and how amounts are shown, with the usual values for what nobody set."""
        kept = await self._records.options(PREFIX)
        found = {**_USUAL, **{name: value for name, value in kept.items() if name in _USUAL}}
        is_open = _is_open(self._registration, kept.get("RegisterEnabled"))
        return {**found, "RegisterEnabled": "true" if is_open else "false", "QuotaPerUnit": str(UNITS_PER_USD)}

    async def all(self) -> dict[str, str]:
        """Everything that can be set."""
        return {**await self.words(), **{name: await read() for name, (read, _) in self._maps.items()}}

    async def check_registration(self) -> None:
        """Raises Forbidden when nobody may make an account."""
        if (await self.words())["RegisterEnabled"] == "false":
            raise Forbidden("Nobody can register here. Ask the operator for an account.", code="registration_closed")

    async def put(self, by: Principal, name: str, value: str) -> None:
        """Raises RequestError for an option that means nothing here, and for a value it cannot have."""
        if name in self._maps:
            await self._maps[name][1](by, value)
            return
        kept = self._checked(name, value)
        if kept is not None:
            change = {"value": kept if len(kept) < 200 else f"{len(kept)} characters"}
            await self._settings.put_setting(PREFIX + name, kept, told(by, "option.set", name, change, now=self._now))

    def _checked(self, name: str, value: str) -> str | None:
        """The value to keep, ``None`` for one that is fixed and said right."""
        if name in _WORDS:
            return _word(name, value)
        if name in _FLAGS:
            return self._flag(name, value)
        if name in _RATES:
            return _rate(name, value)
        if name == _DISPLAY:
            if value not in _DISPLAYS:
                raise _wrong(name, f"is one of {', '.join(_DISPLAYS)}")
            return value
        if name == "QuotaPerUnit":
            if _number(value) != UNITS_PER_USD:
                raise _wrong(name, f"is fixed: {UNITS_PER_USD} units are one US dollar")
            return None
        raise RequestError(
            f"There is no option '{name[:100]}' here. Known: {', '.join(sorted([*_known(), *self._maps]))}.",
            param="key",
            code="unknown_option",
        )

    def _flag(self, name: str, value: str) -> str:
        if value not in ("true", "false"):
            raise _wrong(name, "is true or false")
        if name == "RegisterEnabled" and value == "true" and not self._registration:
            raise _wrong(
                name, "cannot open what the settings keep closed: set access.registration there to 'option' or true"
            )
        return value


def _known() -> list[str]:
    return [*_WORDS, *_FLAGS, *_RATES, _DISPLAY, "QuotaPerUnit"]


def _word(name: str, value: str) -> str:
    if len(value) > _WORDS[name]:
        raise _wrong(name, f"is at most {_WORDS[name]} characters")
    return value


def _rate(name: str, value: str) -> str:
    if not _RATE.fullmatch(value) or not Decimal(value):
        raise _wrong(name, "is a number above 0 with at most nine digits after the point")
    return value


def _number(value: str) -> Decimal | None:
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def _wrong(name: str, why: str) -> RequestError:
    return RequestError(f"'{name}' {why}.", param="value", code="invalid_value")
