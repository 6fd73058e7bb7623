"""Money and quota units: exact where it is said, and never more shown than there is."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from openhearth.accounts.quota_units import (
    NANOS_PER_UNIT,
    UNITS_PER_USD,
    left_units,
    micros_of,
    usd,
    usd_of_units,
    used_units,
)
from openhearth.core.allowance import NANOS_PER_MICRO
from openhearth.surfaces.newapi.standing import left_of

NANOS = st.integers(-(10**18), 10**18)
MONEY = st.integers(0, 10**18)
UNITS = st.integers(-(10**12), 10**12)


@given(UNITS)
def test_what_is_said_in_units_is_exact(units: int) -> None:
    nanos = micros_of(units) * NANOS_PER_MICRO
    assert left_units(nanos) == used_units(nanos) == units
    assert nanos == units * NANOS_PER_UNIT
    assert usd(nanos) == usd_of_units(units) == Decimal(units) / UNITS_PER_USD


@given(NANOS)
def test_what_is_left_is_shown_as_no_more_and_what_is_used_as_no_less(nanos: int) -> None:
    assert 0 <= nanos - left_units(nanos) * NANOS_PER_UNIT < NANOS_PER_UNIT
    assert 0 <= used_units(nanos) * NANOS_PER_UNIT - nanos < NANOS_PER_UNIT


@given(st.lists(NANOS, max_size=50))
def test_a_sum_of_what_is_shown_never_gains_money(amounts: list[int]) -> None:
    assert sum(map(left_units, amounts)) <= left_units(sum(amounts))
    assert sum(map(used_units, amounts)) >= used_units(sum(amounts))


@given(st.integers(0, 10**12), MONEY)
def test_shown_left_and_used_add_up_to_what_was_granted_in_units(granted: int, spent: int) -> None:
    left = left_of(spent, micros_of(granted))
    assert left.units + left.used == granted


@given(st.integers(0, 10**12), MONEY, st.integers(0, 10**12))
def test_a_balance_said_anew_moves_exactly_the_difference(micros: int, spent: int, wanted: int) -> None:
    before = left_of(spent, micros)
    after = left_of(spent, micros + micros_of(wanted - before.units))
    assert after.units == wanted
    assert left_of(spent, micros + micros_of(before.units - before.units)) == before
