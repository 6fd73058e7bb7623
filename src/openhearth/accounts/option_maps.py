"""Groups and prices as New API writes them: JSON objects of ratios. Each is exact here, or refused.

A model ratio of 1 is 2 US dollars a million input tokens; a completion ratio is output to input; a model price is
dollars a call. Putting a map replaces it: what is missing from it is gone.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any

import msgspec

from openhearth.accounts.audit import told
from openhearth.accounts.groups import Groups
from openhearth.accounts.price_table import BY_SEED, STANDARD
from openhearth.accounts.prices import NewPrice, Prices
from openhearth.accounts.principals import DEFAULT_GROUP
from openhearth.core.call import ONE_PPM, Principal
from openhearth.core.errors import RequestError
from openhearth.stores.access_ports import GroupRecord

MICROS_PER_RATIO = 2_000_000
_MICROS_PER_USD = 1_000_000
_MOST_ENTRIES = 5_000
_MOST_DIGITS = 30
_READABLE = Context(prec=15)
_AS_WRITTEN = Decimal("1e-12")
_INPUT, _OUTPUT, _CACHED = "input_micros_per_mtok", "output_micros_per_mtok", "cached_input_micros_per_mtok"
_CALL = "request_micros"
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_NUMBERS = msgspec.json.Decoder(dict[str, Decimal])
_TEXTS = msgspec.json.Decoder(dict[str, str])


class GroupMaps:
    """``GroupRatio`` and ``UserUsableGroups``."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups

    async def ratios(self) -> str:
        found = await self._groups.list()
        return _written({group.name: plain(Decimal(group.ratio_ppm) / ONE_PPM) for group in found})

    async def put_ratios(self, by: Principal, value: str) -> None:
        """Groups that are missing are deleted. Raises RequestError."""
        wanted = {name: _whole("GroupRatio", name, ratio * ONE_PPM) for name, ratio in _numbers("GroupRatio", value)}
        there = {group.name: group for group in await self._groups.list()}
        for name, ratio_ppm in wanted.items():
            if name not in there:
                await self._groups.create(by, GroupRecord(name, ratio_ppm))
            elif there[name].ratio_ppm != ratio_ppm:
                await self._groups.change(by, name, {"ratio_ppm": ratio_ppm})
        for name in there.keys() - wanted.keys() - {DEFAULT_GROUP}:
            await self._groups.delete(by, name)

    async def usable(self) -> str:
        return _written({group.name: group.description for group in await self._groups.list() if group.open})

    async def put_usable(self, by: Principal, value: str) -> None:
        """Groups that users may choose themselves, with descriptions. Raises RequestError for one there is not."""
        wanted = _decoded("UserUsableGroups", value, _TEXTS)
        there = {group.name: group for group in await self._groups.list()}
        if unknown := wanted.keys() - there.keys():
            raise _wrong("UserUsableGroups", f"names groups that there are not: {', '.join(sorted(unknown))[:200]}")
        for name, group in there.items():
            is_open, said = name in wanted, wanted.get(name, group.description)
            if (is_open, said) != (group.open, group.description):
                await self._groups.change(by, name, {"open": is_open, "description": said})


class PriceMaps:
    """``ModelPrice``, ``ModelRatio``, ``CompletionRatio`` and ``CacheRatio``: the prices an operator set for a model
    anywhere. Those that came with the release, and those of single targets and providers, are not among them."""

    def __init__(self, prices: Prices, *, now: Callable[[], float] = time.time) -> None:
        self._prices = prices
        self._now = now

    async def of_calls(self) -> str:
        rows = self._rows().items()
        return _written({name: plain(Decimal(card[_CALL]) / _MICROS_PER_USD) for name, card in rows if card.get(_CALL)})

    async def inputs(self) -> str:
        rows = self._rows().items()
        return _written(
            {name: plain(Decimal(card[_INPUT]) / MICROS_PER_RATIO) for name, card in rows if _INPUT in card}
        )

    async def outputs(self) -> str:
        return _written(self._to_input(_OUTPUT))

    async def cached(self) -> str:
        return _written(self._to_input(_CACHED))

    async def put_of_calls(self, by: Principal, value: str) -> None:
        """A model with a price by the call has no other. Raises RequestError."""
        wanted = {
            name: {_CALL: _whole("ModelPrice", name, usd * _MICROS_PER_USD)}
            for name, usd in _numbers("ModelPrice", value)
        }
        gone = [name for name, card in self._rows().items() if card.get(_CALL) and name not in wanted]
        await self._bring(by, "ModelPrice", wanted, gone)

    async def put_inputs(self, by: Principal, value: str) -> None:
        """Output and cached input keep their ratio, rounded up; a new model's output costs as much as its input."""
        rows = self._rows()
        wanted: dict[str, dict[str, Any]] = {}
        for name, ratio in _numbers("ModelRatio", value):
            before = rows.get(name, {})
            wanted[name] = _with_input(before, _whole("ModelRatio", name, ratio * MICROS_PER_RATIO))
        gone = [name for name, card in rows.items() if _INPUT in card and name not in wanted]
        await self._bring(by, "ModelRatio", wanted, gone)

    async def put_outputs(self, by: Principal, value: str) -> None:
        await self._put_to_input(by, "CompletionRatio", _OUTPUT, value)

    async def put_cached(self, by: Principal, value: str) -> None:
        await self._put_to_input(by, "CacheRatio", _CACHED, value)

    async def _put_to_input(self, by: Principal, option: str, rate: str, value: str) -> None:
        rows, wanted = self._rows(), {}
        for name, ratio in _numbers(option, value):
            if _INPUT not in rows.get(name, {}):
                raise _wrong(option, f"names '{name[:100]}', which has no model ratio: set that first")
            wanted[name] = {**rows[name], rate: _whole(option, name, ratio * rows[name][_INPUT])}
        await self._bring(by, option, wanted, [])

    def _to_input(self, rate: str) -> dict[str, Decimal]:
        found = ((name, card) for name, card in self._rows().items() if card.get(_INPUT) and rate in card)
        return {name: plain(Decimal(card[rate]) / card[_INPUT]) for name, card in found}

    def _rows(self) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        for row in self._prices.in_force():
            is_general = not (row.provider or row.target_id or row.hours) and row.service == STANDARD
            if is_general and row.changed_by != BY_SEED and row.rates is not None and row.effective_from <= self._now():
                found[row.model] = row.rates
        return found

    async def _bring(
        self, by: Principal, option: str, wanted: Mapping[str, Mapping[str, Any]], gone: list[str]
    ) -> None:
        rows = self._rows()
        new = [NewPrice(name, rates=dict(card), note=option) for name, card in wanted.items() if rows.get(name) != card]
        new += [NewPrice(name, withdrawn=True, note=option) for name in gone]
        if new:
            change = {"set": [one.model for one in new if not one.withdrawn][:100], "withdrawn": gone[:100]}
            audit = told(by, "price.option", option, change, now=self._now)
            await self._prices.bring(new, by.key_id or by.user_id, "option", audit)


def plain(value: Decimal) -> Decimal:
    """With as many digits as every reader of JSON keeps, and without an exponent."""
    return Decimal(format(_READABLE.plus(value).normalize(), "f"))


def _with_input(card: Mapping[str, Any], micros: int) -> dict[str, Any]:
    before = card.get(_INPUT, 0)
    after = {name: rate for name, rate in card.items() if name != _CALL}
    for name in (_OUTPUT, _CACHED):
        if name in card and before:
            after[name] = -(-card[name] * micros // before)
    return {_OUTPUT: micros, **after, _INPUT: micros}


def _numbers(option: str, value: str) -> Iterator[tuple[str, Decimal]]:
    for name, ratio in _decoded(option, value, _NUMBERS).items():
        if not ratio.is_finite() or ratio < 0 or len(ratio.as_tuple().digits) > _MOST_DIGITS or ratio > 10**9:
            raise _wrong(option, f"says {str(ratio)[:40]} of '{name[:100]}': a ratio is 0 or more")
        yield name, ratio


def _whole(option: str, name: str, exact: Decimal) -> int:
    """Whole micros. A third of something, written with as many digits as there are, is taken for what it means."""
    nearest = int(exact.to_integral_value(ROUND_HALF_EVEN))
    if abs(exact - nearest) > _AS_WRITTEN * max(exact, Decimal(1)):
        raise _wrong(option, f"says of '{name[:100]}' what is finer than we can charge (a millionth)")
    return nearest


def _decoded(option: str, value: str, decoder: "msgspec.json.Decoder[dict[str, Any]]") -> dict[str, Any]:
    try:
        found = decoder.decode(value)
    except (msgspec.MsgspecError, InvalidOperation, RecursionError) as error:
        raise _wrong(option, f"is a JSON object: {error}") from error
    if len(found) > _MOST_ENTRIES:
        raise _wrong(option, f"has at most {_MOST_ENTRIES} entries")
    return found


def _written(value: object) -> str:
    return _ENCODER.encode(value).decode()


def _wrong(option: str, why: str) -> RequestError:
    return RequestError(f"'{option}' {why}.", param="value", code="invalid_value")
