"""What is held before a call: what the body itself allows, and the usual where it says nothing."""

import pytest

from openhearth.core.allowance import Bound, Limit
from openhearth.core.call import Principal
from openhearth.core.envelope import Envelope
from openhearth.core.money import Price
from openhearth.core.provider import Origin, Provider, Target
from openhearth.relay.passthrough import worst_for

PRICE = Price(output_micros_per_mtok=1_000_000)
TARGET = Target("t", Provider("p", "P", ""), Origin("http", "h", 1), "/v1", "m", price=PRICE)
LIMITED = Principal("key_1", "owner", "name", limits=(Limit("key:key_1", Bound.TOTAL, 10**9),))
FREE = Principal("key_1", "owner", "name")


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        (b'{"max_tokens":10}', 10),
        (b'{"max_completion_tokens":7,"max_tokens":10}', 7),
        (b'{"max_tokens":10,"n":3}', 30),
        (b'{"n":1000}', 16_384_000),
        (b"{}", 16_384),
        (b'{"max_tokens":0}', 16_384),
        (b'{"max_tokens":-5,"n":-2}', 16_384),
        (b'{"max_tokens":"many"}', 16_384),
        (b'{"max_tokens":1e99}', 16_384),
        (b'{"max_tokens":99999999999,"n":99999999999}', 10_000_000 * 10_000),
    ],
)
def test_the_answer_that_a_body_allows_is_held(body: bytes, tokens: int) -> None:
    assert worst_for(LIMITED, [TARGET], Envelope.decode(body), 0) == tokens * 1000


def test_nobody_looks_where_nothing_limits_the_caller() -> None:
    assert worst_for(FREE, [TARGET], Envelope.decode(b'{"max_tokens":10}'), 0) == 16_384_000
