"""Two sides of a bill: every cent is in the sums, and a difference beyond tolerance is found and only such a one."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhearth.accounts.reconcile import Measure, Spent, Tolerance, nanos_of, plain_name, reconcile

EXACT = Tolerance()
SPENT = st.builds(
    Spent,
    day=st.sampled_from(["2026-11-01", "2026-11-02"]),
    model=st.sampled_from(["a", "b", "c"]),
    usd=st.integers(0, 10**12).map(lambda nanos: Decimal(nanos).scaleb(-9)),
    calls=st.integers(0, 100),
    input_tokens=st.integers(0, 10**6),
    output_tokens=st.integers(0, 10**6),
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("Claude Haiku 4.5", "claude-haiku-4-5-20251001"),
        ("claude-3-5-sonnet-latest", "Claude-3.5 Sonnet"),
        (" GPT-4.1 ", "gpt-4.1"),
        ("openai/gpt-4o", "openai-gpt-4o"),
    ],
)
def test_names_that_mean_one_model_are_one(one: str, other: str) -> None:
    assert plain_name(one) == plain_name(other)


def test_other_models_stay_apart() -> None:
    assert len({plain_name(name) for name in ("gpt-4o", "gpt-4o-mini", "gpt-4", "gpt-4-0613", "o1-2024")}) == 5


@given(st.lists(SPENT, max_size=12), st.randoms())
def test_the_same_bill_agrees_in_any_order_and_any_pieces(bill: list[Spent], random: object) -> None:
    pieces = [*bill]
    random.shuffle(pieces)  # type: ignore[attr-defined]
    result = reconcile(bill, pieces, tolerance=EXACT, measures=("cost", "tokens", "calls"))
    assert result.agrees
    total = nanos_of(sum((spent.usd or Decimal(0) for spent in bill), Decimal(0)))
    assert (result.ours.cost_nanos or 0) == (result.theirs.cost_nanos or 0) == total


@given(st.lists(SPENT, min_size=1, max_size=8), st.integers(1, 10**9), st.integers(0, 10**9))
def test_one_amount_more_is_found_unless_it_is_tolerated(bill: list[Spent], more: int, tolerated: int) -> None:
    extra = Spent(bill[0].day, bill[0].model, Decimal(more).scaleb(-9))
    result = reconcile(bill, [*bill, extra], tolerance=Tolerance(nanos=tolerated))
    assert result.agrees is (more <= tolerated)
    assert [row.difference_nanos for row in result.rows if row.difference_nanos] == [-more]


def test_a_row_that_only_one_side_has_differs_by_all_of_it() -> None:
    ours = [Spent("2026-11-01", "a", Decimal(1), 1, 10, 10)]
    theirs = [Spent("2026-11-02", "a", Decimal(1))]
    result = reconcile(ours, theirs, tolerance=Tolerance(nanos=10))
    assert [(row.day, row.difference_usd, row.differs) for row in result.rows] == [
        ("2026-11-01", "1.00", ("cost",)),
        ("2026-11-02", "-1.00", ("cost",)),
    ]
    assert result.difference_usd == "0.00"


def test_without_models_days_are_compared_as_wholes() -> None:
    ours = [Spent("2026-11-01", "a", Decimal(1)), Spent("2026-11-01", "b", Decimal(2))]
    result = reconcile(ours, [Spent("2026-11-01", "", Decimal(3))], tolerance=EXACT)
    assert [(row.model, row.ours.cost_usd, row.differs) for row in result.rows] == [("*", "3.00", ())]


def test_a_model_can_be_renamed() -> None:
    theirs = [Spent("d", "gpt-4o eu", Decimal(1))]
    ours = [Spent("d", "gpt-4o", Decimal(1))]
    assert not reconcile(ours, theirs, tolerance=EXACT).agrees
    result = reconcile(ours, theirs, tolerance=EXACT, renamed={"gpt-4o-EU": "gpt-4o"})
    assert result.agrees
    assert [row.model for row in result.rows] == ["gpt-4o"]


def test_a_share_is_tolerated_of_money_and_of_counts() -> None:
    ours = [Spent("d", "m", Decimal("100.9"), 101, 1009, 0)]
    theirs = [Spent("d", "m", Decimal(100), 100, 1000, 0)]
    every: tuple[Measure, ...] = ("cost", "tokens", "calls")
    assert reconcile(ours, theirs, tolerance=Tolerance(ppm=10_000), measures=every).agrees
    (row,) = reconcile(ours, theirs, tolerance=Tolerance(ppm=1_000), measures=every).rows
    assert row.differs == every


def test_digits_below_a_nano_are_added_up_before_they_are_rounded() -> None:
    theirs = [Spent("d", "m", Decimal("0.0000000004"))] * 5
    result = reconcile([Spent("d", "m", Decimal("0.000000002"))], theirs, tolerance=EXACT)
    assert result.agrees
    assert nanos_of(Decimal("0.0000000025")) == 2
