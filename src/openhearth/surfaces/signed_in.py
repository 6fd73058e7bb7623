"""Somebody signed in by cookie: where the session's value is, and what keeps other sites from using it.

A browser sends the cookie with whatever page asks. So a request that changes something counts by its cookie only when
it has a header that no other site can make a browser send: ``x-requested-with``, which needs a permission of ours that
no answer of ours gives, or the browser's own word that the page is ours (https://www.w3.org/TR/fetch-metadata/).
"""

from starlette.requests import Request
from starlette.responses import Response

from openhearth.accounts.callers import SESSION_PREFIX
from openhearth.config import Server
from openhearth.core.errors import Forbidden

COOKIE = "oh_session"
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def session_of(request: Request) -> bytes | None:
    """The session a request comes with, if any. Raises Forbidden (``cross_site_request``)."""
    token = token_of(request)
    if not token.startswith(SESSION_PREFIX):  # a key is no session: a cookie goes out with what any page asks
        return None
    if request.method not in _READS:
        check_own_page(request, told=True)
    return token.encode()


def token_of(request: Request) -> str:
    """The value of the cookie, empty for none: nothing else than a session is taken from there.

    Read as browsers write cookies: what another program of this host keeps there, JSON for instance, is no reason not
    to see ours.
    """
    token = request.cookies.get(COOKIE, "")
    return token if token.startswith(SESSION_PREFIX) else ""


def check_own_page(request: Request, *, told: bool = False) -> None:
    """Raises Forbidden when another site's page may have sent this; with ``told``, also unless something says no."""
    if request.headers.get("x-requested-with"):
        return
    site = request.headers.get("sec-fetch-site", "")
    if site == "same-origin" or (not told and site in ("", "none") and "origin" not in request.headers):
        return
    raise _cross_site()


def check_not_followed(request: Request) -> None:
    """For a GET that changes something, as old forms have them: raises Forbidden when it may be a link on another
    site's page that was followed. Browsers say so, but not where our address is without TLS: there whoever wants a page
    is no program."""
    check_own_page(request)
    is_ours = request.headers.get("x-requested-with") or request.headers.get("sec-fetch-site")
    if not is_ours and "text/html" in request.headers.get("accept", ""):
        raise _cross_site()


def keep(response: Response, token: str, server: Server, max_age_s: float) -> None:
    """Have the browser keep the session; an empty ``token`` ends it there."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(max_age_s) if token else 0,
        path="/",
        secure=server.public_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )


def _cross_site() -> Forbidden:
    return Forbidden(
        "Another site may have sent this. Requests that change something and are known by a cookie need the header "
        "'x-requested-with'.",
        code="cross_site_request",
    )


def address_of(request: Request) -> str:
    """The client's address; the door has looked behind proxies of ours."""
    return request.client.host if request.client else ""
