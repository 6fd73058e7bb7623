"""Charges that are gathered and counted later come to the same as charges counted at once."""

from hypothesis import given
from hypothesis import strategies as st

from openhearth.core.allowance import Bound, Limit, windows_at
from openhearth.stores.counter_ports import Given, Refusal, Take
from openhearth.stores.shared.memory import MemoryCounters

NOON = 1_795_003_200.0
SCOPES = (("key:a", "user:u", "org:o"), ("key:b", "project:p", "user:u", "org:o"))
MODELS = ("m", "n@2026-11-18")
CHARGES = st.lists(
    st.tuples(
        st.sampled_from(SCOPES),
        st.sampled_from(MODELS),
        st.integers(1, 10**12),
        st.sampled_from([0.0, 3600.0, 50_000.0, 86_400.0, 7 * 86_400.0]),
    ),
    max_size=30,
)


@given(CHARGES)
def test_gathered_charges_count_for_the_same_counters(
    charges: list[tuple[tuple[str, ...], str, int, float]],
) -> None:
    gathered, counted = MemoryCounters(), MemoryCounters()
    for number, (scopes, model, nanos, later) in enumerate(charges):
        now = NOON + later
        gathered.charge_now(scopes, model, nanos, now)
        take = Take(f"call_{number}", "boot", (*scopes, f"model:{model}"), (), 0, 0, now)
        counted.give_now(Given(take, nanos, 0))
    for scope in {"model:m", f"model:{MODELS[1]}", *SCOPES[0], *SCOPES[1]}:
        for later in (0.0, 86_400.0, 7 * 86_400.0):
            windows = windows_at(NOON + later)
            for counter in windows.counters([scope]):
                assert gathered.spent(counter) == counted.spent(counter), counter


def test_a_limit_sees_what_was_gathered() -> None:
    counters = MemoryCounters()
    limit = Limit("user:u", Bound.DAY, 100)
    first = Take("call_0", "boot", SCOPES[0], (limit,), 1, 0, NOON)
    assert counters.take_now(first) is None
    for _ in range(3):
        counters.charge_now(SCOPES[1], "m", 30, NOON + 1)
    refused = counters.take_now(Take("call_1", "boot", SCOPES[0], (limit,), 10, 0, NOON + 2))
    assert isinstance(refused, Refusal)
    assert (refused.used, refused.held) == (90, 1)
