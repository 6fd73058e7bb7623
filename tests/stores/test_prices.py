"""The price table of every records store: it only grows, and says what is in force at a time."""

import msgspec
import pytest

from openhearth.stores.ports import PriceRecord, Records

ROW = PriceRecord(
    version=0,
    model="gpt-4o",
    provider="openai",
    target_id="",
    service="standard",
    hours="",
    effective_from=10.0,
    rates={"input_micros_per_mtok": 2_500_000, "long_prompts": [{"above_tokens": 200_000}]},
    source="operator",
    changed_by="key_1",
    changed_at=9.0,
    note="合同",
)
change = msgspec.structs.replace


async def test_rows_get_rising_versions_and_keep_every_field(records: Records) -> None:
    assert await records.last_price_version() == 0
    one, two = await records.add_prices([ROW, change(ROW, rates=None, note="")])
    (three,) = await records.add_prices([change(ROW, model="other")])
    assert 0 < one.version < two.version < three.version
    assert await records.last_price_version() == three.version
    assert await records.price(one.version) == one == change(ROW, version=one.version)
    assert await records.price(two.version) == change(ROW, version=two.version, rates=None, note="")
    assert await records.price(three.version + 1) is None


async def test_in_force_is_the_latest_that_began_and_all_to_come(records: Records) -> None:
    old, new, later, latest = await records.add_prices(
        [ROW, change(ROW, effective_from=20.0), change(ROW, effective_from=90.0), change(ROW, effective_from=80.0)]
    )
    assert list(await records.prices_in_force(5.0)) == [old, new, later, latest]
    assert list(await records.prices_in_force(15.0)) == [old, new, later, latest]
    assert list(await records.prices_in_force(20.0)) == [new, later, latest]
    assert list(await records.prices_in_force(85.0)) == [later, latest]
    assert list(await records.prices_in_force(95.0)) == [later]


async def test_of_two_that_begin_together_the_later_row_counts(records: Records) -> None:
    _, second = await records.add_prices([ROW, change(ROW, rates=None)])
    assert list(await records.prices_in_force(10.0)) == [second]


async def test_each_place_service_and_hours_has_its_own_row(records: Records) -> None:
    rows = await records.add_prices(
        [
            ROW,
            change(ROW, provider=""),
            change(ROW, provider="", target_id="target_1"),
            change(ROW, service="batch"),
            change(ROW, hours="16:30-00:30"),
        ]
    )
    assert list(await records.prices_in_force(11.0)) == list(rows)


async def test_history_is_newest_first_in_pages(records: Records) -> None:
    rows = await records.add_prices([ROW, change(ROW, model="other"), change(ROW, effective_from=20.0)])
    assert list(await records.price_history("gpt-4o", 10)) == [rows[2], rows[0]]
    assert list(await records.price_history("", 2)) == [rows[2], rows[1]]
    assert list(await records.price_history("", 2, rows[1].version)) == [rows[0]]
    assert list(await records.price_history("nobody", 2)) == []


async def test_rows_are_added_together_or_not_at_all(records: Records) -> None:
    wrong = change(ROW, rates={"x": object()})
    with pytest.raises(Exception, match="unsupported"):
        await records.add_prices([ROW, wrong])
    assert list(await records.price_history("", 10)) == []
