"""What operators say of targets and are told of them, and the few steps from their words to values."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from openhearth.config import Upstream
from openhearth.core.errors import RequestError
from openhearth.core.operations import Operation
from openhearth.core.provider import UNBOUNDED, Origin, TargetLimits
from openhearth.routing.catalog import ANY
from openhearth.stores.access_ports import Audit
from openhearth.stores.ports import TargetRecord

AuditOf = Callable[[str, Mapping[str, Any]], Audit]
"""Makes the audit log's entry of a write from its object's id and what was set (``accounts.audit.teller``)."""

_MOST_PRIORITY = 1_000_000
_MOST_CALLS = 1_000_000
_MOST_TOKENS = 10**12
_LONGEST_S = 86_400.0
_MOST_CHARS = 256
LIMITS = TargetLimits.__struct_fields__

Weight = Annotated[int, msgspec.Meta(ge=0, le=1000)]
Priority = Annotated[int, msgspec.Meta(ge=-_MOST_PRIORITY, le=_MOST_PRIORITY)]
CallsMost = Annotated[int, msgspec.Meta(ge=0, le=_MOST_CALLS)]
TokensMost = Annotated[int, msgspec.Meta(ge=0, le=_MOST_TOKENS)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=_LONGEST_S)]


class NewTarget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an operator says to attach a target. ``key`` is the credential itself, ``env:NAME`` or ``file:PATH``."""

    base_url: str = ""
    provider: str = ""
    model: str = ANY
    upstream_model: str = ""
    key: str = ""
    weight: int = 1
    priority: Priority = 0
    price: dict[str, int] = {}
    operations: tuple[Operation, ...] = ()
    concurrency: CallsMost = 0
    rpm: CallsMost = 0
    tpm: TokensMost = 0
    first_token_s: Seconds = 0.0


class TargetChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an operator says to change of a target; what is not said stays. ``enabled`` ``False`` takes it out of use
    and keeps it."""

    weight: Weight | msgspec.UnsetType = msgspec.UNSET
    priority: Priority | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    key: str | msgspec.UnsetType = msgspec.UNSET
    concurrency: CallsMost | msgspec.UnsetType = msgspec.UNSET
    rpm: CallsMost | msgspec.UnsetType = msgspec.UNSET
    tpm: TokensMost | msgspec.UnsetType = msgspec.UNSET
    first_token_s: Seconds | msgspec.UnsetType = msgspec.UNSET


class Probe(msgspec.Struct, frozen=True):
    """What a test of a target found. Of an embedded engine: ``state`` and how long it took to ``load_s``; of any other
    target: how many ``models`` it lists."""

    ok: bool
    latency_ms: int
    models: int = 0
    error: str = ""
    state: str = ""
    load_s: float = 0.0


def limits_of(record: TargetRecord) -> TargetLimits:
    """The bounds of an attached target; names of another release are left out."""
    said = record.limits.get
    limits = TargetLimits(
        concurrency=int(said("concurrency", 0)),
        rpm=int(said("rpm", 0)),
        tpm=int(said("tpm", 0)),
        first_token_s=said("first_token_s", 0.0),
    )
    return UNBOUNDED if limits == UNBOUNDED else limits


def check_names(new: NewTarget) -> None:
    """Raises RequestError for a name that cannot be asked for or shown."""
    for param, name, least in (
        ("model", new.model, 1),
        ("upstream_model", new.upstream_model, 0),
        ("provider", new.provider, 0),
    ):
        if not least <= len(name) <= _MOST_CHARS or not name.isprintable():
            raise RequestError(f"'{param}' has {least} to {_MOST_CHARS} characters that can be printed.", param=param)


def origin_of(base_url: str, upstream: Upstream) -> tuple[Origin, str]:
    """Where to connect, and the path before ``/chat/completions``. Raises RequestError."""
    try:
        parts = urlsplit(base_url)
        port = parts.port
    except ValueError as error:
        raise RequestError(f"'base_url' is not a URL: {error}", param="base_url") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise RequestError("'base_url' must look like https://host/v1.", param="base_url")
    if any(not "!" <= letter <= "~" for letter in base_url):
        raise RequestError("'base_url' holds a character that must be written as %XX.", param="base_url")
    proxy = "" if parts.hostname in upstream.no_proxy else upstream.proxy
    return Origin(
        parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80), proxy=proxy
    ), parts.path.rstrip("/")
