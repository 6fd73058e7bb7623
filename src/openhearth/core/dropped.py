"""Names of fields without effect, written for the header ``x-openhearth-dropped``.

They are the client's own words: none may end the line or make it longer than a reader takes.
"""

import re
from collections.abc import Iterable

_UNPRINTABLE = re.compile(r"[^!-~]")
_MOST = 50
_LONGEST = 64


def listed(names: Iterable[str]) -> bytes:
    """The value of the header: at most 50 names of 64 characters, what is not plain ASCII shown as ``?``."""
    shown = [_UNPRINTABLE.sub("?", name[:_LONGEST]) for name in names]
    return ", ".join(shown[:_MOST]).encode()
