"""``usage.cost``: what a call is charged, in USD, written into an answer whose client asked for it.

The form is OpenRouter's (https://openrouter.ai/docs/use-cases/usage-accounting): ``"usage": {"include": true}`` in the
request, ``usage.cost`` in the answer or in the last chunk of a stream.
"""

import msgspec
from msgspec import Raw

_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_ENCODER = msgspec.json.Encoder()


class _Wish(msgspec.Struct):
    include: bool


_WISH = msgspec.json.Decoder(_Wish)


def wants_cost(usage: Raw) -> bool:
    """Whether a request's field ``usage`` asks for the cost."""
    try:
        return _WISH.decode(usage).include
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def with_cost(answer: bytes, nanos: int) -> bytes:
    """``answer``, a JSON object, with ``usage.cost``; unchanged where its ``usage`` is no object."""
    try:
        fields = _FIELDS.decode(answer)
        usage = _FIELDS.decode(fields.get("usage", Raw(b"{}")))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return answer
    fields["usage"] = Raw(_ENCODER.encode({**usage, "cost": Raw(usd(nanos))}))
    return _ENCODER.encode(fields)


def event_with_cost(event: bytes, nanos: int) -> bytes:
    """A server-sent event of one ``data:`` line whose JSON gets ``usage.cost``."""
    before, mark, rest = event.partition(b"data:")
    payload = rest.strip()
    end = rest[rest.rfind(payload) + len(payload) :]
    return b"".join((before, mark, b" ", with_cost(payload, nanos), end)) if payload else event


def usd(nanos: int) -> bytes:
    """Nanos as an exact JSON number of dollars."""
    whole, rest = divmod(nanos, 10**9)
    return (f"{whole}.{rest:09d}".rstrip("0").rstrip(".")).encode()
