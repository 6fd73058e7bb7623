"""Parameters of a URL that a path knows. Whatever is not understood is refused: a misspelt filter that is passed over
would show everything.
"""

from collections.abc import Collection, Iterable

from starlette.datastructures import QueryParams

from openhearth.core.errors import RequestError


def check_names(query: QueryParams, known: Iterable[str], once: Collection[str] = ()) -> None:
    """Raises RequestError for a parameter that is not ``known``, and for one of ``once`` that is given twice."""
    known = set(known)
    for name in query:
        if name not in known:
            raise _wrong(name[:64], f"'{name[:64]}' is no parameter here; there are {', '.join(sorted(known))}.")
        if name in once and len(query.getlist(name)) > 1:
            raise _wrong(name, f"'{name}' can be given once.")


def _wrong(name: str, message: str) -> RequestError:
    return RequestError(message, param=name, code="invalid_value")
