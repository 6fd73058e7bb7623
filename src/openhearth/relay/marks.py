"""The header lines that relayed answers carry: who answered, how long it took, what was left out, what is left."""

from collections.abc import Iterable, Iterator, Sequence

from openhearth.core.allowance import Bound
from openhearth.core.call import Call
from openhearth.stores.counter_ports import Standing
from openhearth.transport.wire import Headers

_JSON, _JSON_LINE = (b"content-type", b"application/json"), b"content-type: application/json\r\n"
_PASSED = frozenset({b"content-type", b"retry-after", b"x-openhearth-dropped", b"x-openhearth-model"})
_KINDS = {Bound.RPM: "requests", Bound.TPM: "tokens"}


def lines(call: Call, ms: int, headers: Headers, dropped: tuple[str, ...], standing: Sequence[Standing]) -> bytes:
    """Header lines ready for the wire, each ended by CRLF. ``headers`` are those of the upstream's answer."""
    marks = f"x-request-id: {call.id}\r\nx-openhearth-target: {call.target_id}\r\nopenai-processing-ms: {ms}\r\n"
    made = marks.encode("ascii", "replace")
    for header in headers:
        if header[0] in _PASSED:
            made += _JSON_LINE if header == _JSON else b"%b: %b\r\n" % header
    if dropped:
        made += b"x-openhearth-dropped: %b\r\n" % ", ".join(dropped).encode("ascii", "replace")
    if standing:
        made += "".join(f"{name}: {value}\r\n" for name, value in rate_limits(standing)).encode()
    return made


def rate_limits(standing: Iterable[Standing]) -> Iterator[tuple[str, str]]:
    """OpenAI's ``x-ratelimit-*`` headers (https://platform.openai.com/docs/guides/rate-limits, "Rate limits in
    headers"): of several limits of a kind the one with the least left."""
    tightest: dict[str, Standing] = {}
    for one in standing:
        kind = _KINDS[one.limit.bound]
        if kind not in tightest or one.left < tightest[kind].left:
            tightest[kind] = one
    for kind, one in tightest.items():
        yield f"x-ratelimit-limit-{kind}", str(one.limit.most)
        yield f"x-ratelimit-remaining-{kind}", str(one.left)
        yield f"x-ratelimit-reset-{kind}", f"{one.reset_s:.3f}s"
