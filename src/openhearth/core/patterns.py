"""Lists of names that somebody may use: whole names, and ``name*`` for all that begin so. An empty list is all."""

from collections.abc import Sequence

NOTHING = ("",)
"""A list that no name is on: an empty one means the opposite."""


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether ``name`` is on the list; unlike elsewhere an empty list holds nothing."""
    return any(name == one or (one.endswith("*") and name.startswith(one[:-1])) for one in patterns)


def common(*lists: Sequence[str]) -> tuple[str, ...]:
    """One list that holds exactly the names that all of ``lists`` hold, where an empty one holds all."""
    found: tuple[str, ...] = ()
    for patterns in lists:
        if not patterns:
            continue
        found = _both(found, patterns) if found else tuple(patterns)
    return found


def _both(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    # The names that two patterns share are those of the narrower one, or none.
    kept = dict.fromkeys(one for one in first if _is_under(one, second))
    kept.update(dict.fromkeys(one for one in second if _is_under(one, first)))
    return tuple(kept) or NOTHING


def _is_under(pattern: str, patterns: Sequence[str]) -> bool:
    """Whether every name of ``pattern`` is one of a pattern among ``patterns``."""
    start = pattern[:-1] if pattern.endswith("*") else None
    if start is None:
        return matches(pattern, patterns)
    return any(one.endswith("*") and start.startswith(one[:-1]) for one in patterns)
