"""One GET or HEAD to a model hub: proxy by environment, redirects watched, and what the hub itself says of the file.

A hub answers with a redirect to its content network and says in that first answer what the file is
(``x-linked-etag``: the SHA-256 of a large file or git's hash of a small one; ``x-linked-size``). See
https://huggingface.co/docs/huggingface_hub/package_reference/file_download#huggingface_hub.get_hf_file_metadata.
"""

import http.client
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from email.message import Message
from typing import IO, Any

import msgspec
from typing_extensions import override

AGENT = "openhearth"
_HASH = re.compile(r"(?:W/)?\"?([0-9a-f]{64}|[0-9a-f]{40})\"?")
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


class Answer(msgspec.Struct):
    """``start`` is where the body begins in the file; ``whole_bytes`` is the file's size, 0 when nobody says it;
    ``said_hash`` what the hub itself says of the file, SHA-256 or git's hash, or empty."""

    body: http.client.HTTPResponse
    start: int
    whole_bytes: int
    said_hash: str

    @property
    def is_unbounded(self) -> bool:
        """Nobody says the size: the end of the body is the end of the file."""
        return not self.whole_bytes

    def close(self) -> None:
        self.body.close()


def ask(
    url: str,
    environ: Mapping[str, str],
    *,
    method: str = "GET",
    start: int = 0,
    timeout_s: float,
) -> Answer:
    """Open ``url`` from byte ``start``. ``timeout_s`` is for connecting and for every wait after.

    Raises OSError (URLError when there is no connection, HTTPError for a refusal), HTTPException and ValueError.
    """
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise ValueError("a hub's address begins with http:// or https://")
    headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    hops = _Hops()
    opener = urllib.request.build_opener(_Proxies(environ), hops)
    response = opener.open(urllib.request.Request(url, headers=headers, method=method), timeout=timeout_s)
    assert isinstance(response, http.client.HTTPResponse)
    host = urllib.parse.urlsplit(url).netloc
    own = hops.said if urllib.parse.urlsplit(response.url).netloc != host else [*hops.said, response.headers]
    return Answer(response, *_extent(response, own), said_hash=_hash_in(own))


def _extent(response: http.client.HTTPResponse, own: list[Message]) -> tuple[int, int]:
    if response.status == 206:
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        return (int(found[1]), int(found[2])) if found else (-1, 0)
    said = [response.headers.get("Content-Length"), *(message.get("x-linked-size") for message in own)]
    return 0, next((int(size) for size in said if size and size.isdigit()), 0)


def _hash_in(own: list[Message]) -> str:
    for name in ("x-linked-etag", "etag"):
        for message in own:
            found = _HASH.fullmatch(message.get(name, "").strip())
            if found:
                return found[1]
    return ""


class _Hops(urllib.request.HTTPRedirectHandler):
    """Follows redirects, keeps what the hub said on the way, and refuses to leave https."""

    max_redirections = 5

    def __init__(self) -> None:
        self.said: list[Message] = []
        self._host = ""

    @override
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, *rest: Any
    ) -> urllib.request.Request | None:
        _, headers, newurl = rest
        here, there = urllib.parse.urlsplit(req.full_url), urllib.parse.urlsplit(newurl)
        if there.scheme not in ("http", "https") or (here.scheme == "https" and there.scheme != "https"):
            raise ValueError(f"it redirects to {there.scheme}://{there.netloc}, which is not safe")
        self._host = self._host or here.netloc
        if here.netloc == self._host:
            self.said.append(headers)
        return super().redirect_request(req, fp, code, *rest)


class _Proxies(urllib.request.ProxyHandler):
    """The proxies of an environment that is handed in; the standard one reads the process's."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        both = {name.lower(): value for name, value in sorted(environ.items()) if name.lower().endswith("_proxy")}
        self._direct = [name.strip().lstrip(".") for name in both.pop("no_proxy", "").split(",") if name.strip()]
        super().__init__({name.removesuffix("_proxy"): value for name, value in both.items() if value})

    @override
    def proxy_open(self, req: urllib.request.Request, proxy: str, type: str) -> object:
        return None if _is_in(req.host, self._direct) else super().proxy_open(req, proxy, type)


def _is_in(host: str, names: list[str]) -> bool:
    """Whether ``no_proxy`` names this host: itself, a domain it belongs to, or ``*``."""
    bare = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return any(name == "*" or name in (host, bare) or bare.endswith(f".{name}") for name in names)
