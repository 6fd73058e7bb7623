"""Requests signed as Volcengine wants them, for its services that take an access key pair instead of an API key.

The scheme is AWS Signature Version 4 under other names (Volcengine, "signature method" of the public API; read in its
SDKs). A credential is written ``ACCESS_KEY:SECRET_KEY``.
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from openhearth.core.errors import UpstreamRefusedUs
from openhearth.core.provider import Target
from openhearth.transport.head import head, host_header
from openhearth.transport.wire import Deadlines, Outgoing

_ALGORITHM = "HMAC-SHA256"


class Scope(msgspec.Struct, frozen=True):
    """Which service is asked, as it is named in signatures."""

    service: str
    region: str


def signed(
    target: Target, path: str, body: bytes, scope: Scope, deadlines: Deadlines, *, now: float | None = None
) -> Outgoing:
    """A signed POST of JSON to ``path`` under the target's base path. ``now`` is unix seconds.

    Raises UpstreamRefusedUs when the target's credential is no pair of keys.
    """
    access, _, secret = (target.secret.reveal().strip() if target.secret else "").partition(":")
    if not access or not secret:
        raise UpstreamRefusedUs(f"{target.id}: its key must be ACCESS_KEY:SECRET_KEY.", target=target.id)
    host = host_header(target.origin)
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    headers = {
        "content-type": "application/json",
        "host": host,
        "x-content-sha256": hashlib.sha256(body).hexdigest(),
        "x-date": date,
    }
    place = target.base_path + path
    headers["authorization"] = authorization(access, secret, scope, path=place, headers=headers)
    del headers["host"]
    line = head("POST", place, host, [*headers.items(), ("user-agent", "openhearth")])
    return Outgoing(target.origin, line, body, deadlines, target.id)


def authorization(
    access: str,
    secret: str,
    scope: Scope,
    *,
    path: str,
    headers: Mapping[str, str],
    query: Mapping[str, str] | None = None,
    method: str = "POST",
) -> str:
    """The header of that name. ``headers`` are all that are signed, in lower case; ``x-date`` and ``x-content-sha256``
    among them."""
    names = sorted(headers)
    canonical = "\n".join(
        [
            method,
            quote(path or "/", safe="/-_.~"),
            "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted((query or {}).items())),
            *(f"{name}:{headers[name]}" for name in names),
            "",
            ";".join(names),
            headers["x-content-sha256"],
        ]
    )
    date = headers["x-date"]
    place = f"{date[:8]}/{scope.region}/{scope.service}/request"
    told = "\n".join([_ALGORITHM, date, place, hashlib.sha256(canonical.encode()).hexdigest()])
    key = secret.encode()
    for part in place.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, told.encode(), "sha256").hexdigest()
    return f"{_ALGORITHM} Credential={access}/{place}, SignedHeaders={';'.join(names)}, Signature={signature}"


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
