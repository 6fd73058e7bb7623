"""Allowances as bodies write them, one field per bound, and as answers show them."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from openhearth.core.allowance import Allowance

_Micros = Annotated[int, msgspec.Meta(ge=0, le=10**12)] | UnsetType | None
_Count = Annotated[int, msgspec.Meta(ge=0, le=10**9)] | UnsetType | None
FIELDS = Allowance.__struct_fields__


class Bounds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bounds in a body: absent ones stay as they are, ``null`` lifts one."""

    quota_micros: _Micros = UNSET
    day_micros: _Micros = UNSET
    week_micros: _Micros = UNSET
    month_micros: _Micros = UNSET
    rpm: _Count = UNSET
    tpm: _Count = UNSET
    concurrency: _Count = UNSET

    def allowance(self) -> Allowance:
        """For something new."""
        return Allowance(**changed(self, FIELDS))


def changed(body: msgspec.Struct, fields: tuple[str, ...]) -> dict[str, Any]:
    """Those of ``fields`` that the body names, by name."""
    values = ((name, getattr(body, name)) for name in fields)
    return {name: value for name, value in values if value is not UNSET}


def changes(body: Bounds, names: dict[str, str] | None = None) -> dict[str, Any]:
    """All that the body names: bounds as one mapping ``allowance``, other fields by what the records call them."""
    others = tuple(name for name in body.__struct_fields__ if name not in FIELDS)
    found = {(names or {}).get(name, name): value for name, value in changed(body, others).items()}
    if bounds := changed(body, FIELDS):
        found["allowance"] = bounds
    return found


def shown(allowance: Allowance) -> dict[str, int | None]:
    """Every bound by its name."""
    return {name: getattr(allowance, name) for name in FIELDS}
