"""What a caller wants of the answer cache: ``x-openhearth-cache``, or else what its key says."""

import re

import msgspec

from openhearth.core.errors import RequestError

HEADER = b"x-openhearth-cache"
_MAX_AGE = re.compile(r"max-age\s*=\s*(\d{1,9})")


class Wish(msgspec.Struct, frozen=True):
    """``age_s``: how old an answer may be. ``takes_part``: look for one, and keep the new one."""

    takes_part: bool
    age_s: int = 0


NO = Wish(takes_part=False)


def wish_of(values: list[bytes], key_age_s: int) -> Wish:
    """``values`` of the header; ``key_age_s`` holds where there is none. Raises RequestError."""
    if not values:
        return Wish(takes_part=True, age_s=key_age_s) if key_age_s > 0 else NO
    said = b",".join(values).decode("latin-1").strip().lower()
    if said == "no-store":
        return NO
    age = _MAX_AGE.fullmatch(said)
    if age is None:
        raise RequestError(
            f"'x-openhearth-cache' is 'max-age=SECONDS' or 'no-store', not '{said[:80]}'.",
            param="x-openhearth-cache",
            code="invalid_value",
        )
    return Wish(takes_part=True, age_s=int(age[1]))
