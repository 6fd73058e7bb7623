"""Fetches the pages of a costs API of OpenAI's form, with an admin key that goes nowhere else."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode, urlsplit

from typing_extensions import override

from openhearth.accounts.exports import moments
from openhearth.accounts.secrets import credential_of
from openhearth.commands import Trouble, WrongUse

OPENAI = "https://api.openai.com/v1/organization/costs"
_ANSWER_S = 60.0
_MOST_PAGES = 200
_MOST_PAGE_BYTES = 64 * 1024 * 1024
_BUCKETS = 31
_NEAR = frozenset({"127.0.0.1", "localhost", "::1"})


class _Staying(urllib.request.HTTPRedirectHandler):
    """The key is for one address: a redirect is an answer like any other that is not 200."""

    @override
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def fetched(url: str, credential: str, days: tuple[date, date], environ: Mapping[str, str]) -> list[Any]:
    """All pages of these days, a bucket per day and a result per line item. ``credential`` is env:NAME or file:PATH.

    Raises WrongUse, and Trouble when the server does not give them.
    """
    place = urlsplit(url)
    if place.scheme != "https" and not (place.scheme == "http" and place.hostname in _NEAR):
        raise WrongUse(f"--fetch '{url}' is 'openai' or an https address: the key must not go over the wire in clear.")
    secret = credential_of(credential, environ)
    if secret is None:
        raise WrongUse("--fetch needs --fetch-key env:NAME, an admin key of that account.")
    start, end = moments(*days)
    asked = {"start_time": start, "end_time": end, "bucket_width": "1d", "limit": _BUCKETS, "group_by": "line_item"}
    joint = "&" if place.query else "?"
    pages: list[Any] = []
    following = ""
    while len(pages) < _MOST_PAGES:
        query = urlencode({**asked, "page": following} if following else asked)
        page = _page(f"{url}{joint}{query}", secret.reveal())
        pages.append(page)
        following = str(page.get("next_page") or "")
        if not page.get("has_more") or not following:
            return pages
    raise Trouble(f"{place.hostname} has more than {_MOST_PAGES} pages of costs for these days.")


def _page(url: str, key: str) -> dict[str, Any]:
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {key}", "accept": "application/json"})
    host = urlsplit(url).hostname
    try:
        with urllib.request.build_opener(_Staying).open(request, timeout=_ANSWER_S) as answer:
            page = json.loads(answer.read(_MOST_PAGE_BYTES), parse_float=Decimal)
    except urllib.error.HTTPError as error:
        with error:
            raise Trouble(f"{host} answered {error.code} {error.reason}.") from error
    except (urllib.error.URLError, OSError) as error:
        raise Trouble(f"{host} cannot be reached: {getattr(error, 'reason', error)}.") from error
    except ValueError as error:
        raise Trouble(f"{host} did not answer with JSON.") from error
    if not isinstance(page, dict):
        raise Trouble(f"{host} did not answer with a page of costs.")
    return page
