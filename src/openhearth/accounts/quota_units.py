"""Money as New API counts it: quota units, 500,000 to the US dollar. One unit is two micros, 2,000 nanos.

What is said in units is exact here. What is shown in units is rounded so that nobody sees money that is not there: what
is left or granted down, what is used up. A balance said anew is the difference to what was shown, which is exact, so
that sending back what was read changes nothing.
"""

from decimal import Decimal

UNITS_PER_USD = 500_000
MICROS_PER_UNIT = 2
NANOS_PER_UNIT = 2_000
UNLIMITED_UNITS = 100_000_000 * UNITS_PER_USD
"""What a bound that is not there looks like, where the form has no word for it: a hundred million dollars."""
_NANOS_PER_USD = 10**9


def left_units(nanos: int) -> int:
    """What is left or granted, rounded down; below zero for what is owed."""
    return nanos // NANOS_PER_UNIT


def used_units(nanos: int) -> int:
    """What was used or charged, rounded up."""
    return -(-nanos // NANOS_PER_UNIT)


def micros_of(units: int) -> int:
    """Exact."""
    return units * MICROS_PER_UNIT


def usd(nanos: int) -> Decimal:
    """Exact dollars."""
    return Decimal(nanos) / _NANOS_PER_USD


def usd_of_units(units: int) -> Decimal:
    """Exact dollars."""
    return Decimal(units) / UNITS_PER_USD
