"""What every records store must do, over every database (``conftest``)."""

import asyncio

import msgspec
import pytest

from openhearth.core.allowance import Allowance
from openhearth.core.errors import NotFound
from openhearth.stores.ports import (
    FileRecord,
    KeyRecord,
    NodeRecord,
    OpenReservation,
    Page,
    PictureRecord,
    Records,
    TargetRecord,
)
from openhearth.stores.sql import SqlRecords
from tests.fakes.settled import call_with

KEY = KeyRecord(
    id="key_1",
    digest="d1",
    hint="abcd",
    name="laptop",
    owner="owner_1",
    is_admin=True,
    disabled=False,
    created_at=1.5,
    expires_at=9.25,
    models=("gpt-*", "图像"),
    moderate="both",
    operations=("chat",),
    ips=("10.0.0.0/8",),
    allowance=Allowance(quota_micros=2**39, rpm=3),
)
TARGET = TargetRecord(
    id="target_1",
    provider="openai",
    base_url="https://api.example.com/v1",
    model="*",
    upstream_model="",
    credential="env:KEY",
    weight=3,
    priority=1,
    enabled=True,
    created_at=2.0,
    price={"request_micros": 5},
    operations=("chat",),
)
ENTRY = call_with(
    model="m",
    stream=True,
    created_at=3.0,
    duration_ms=12,
    first_byte_ms=4,
    input_tokens=10,
    output_tokens=20,
    cached_tokens=1,
    images=2,
    reserved_nanos=100,
    cost_nanos=60,
    charge_nanos=70,
)
OPEN = OpenReservation(
    call_id="call_1",
    key_id="key_1",
    user_id="user_1",
    project_id="",
    org_id="org_1",
    owner="owner_1",
    group_name="default",
    operation="chat",
    model="m",
    reserved_nanos=100,
    created_at=3.0,
    boot_id="boot_1",
)
NODE = NodeRecord("boot_2", "host", 7, started_at=1.0, seen_at=3.0)
FILE = FileRecord(
    id="file_1",
    owner="owner_1",
    blob="b1",
    filename="数据.jsonl",
    purpose="batch",
    mime="text/plain",
    size_bytes=2**40,
    created_at=4.0,
    expires_at=None,
)
PICTURE = PictureRecord(
    id="img_1",
    owner="owner_1",
    blob="b1",
    mime="image/png",
    width=3,
    height=4,
    size_bytes=5,
    parents=("img_0", "https://example.com/a.png"),
    instruction="衣服换成红色",
    operations='[{"op":"recolour"}]',
    model="local-edit",
    target_id="target_1",
    seed=None,
    created_at=5.0,
    expires_at=50.0,
)
change = msgspec.structs.replace


async def test_a_key_is_found_by_its_digest_only(records: Records) -> None:
    await records.add_key(KEY)
    assert await records.key_by_digest("d1") == KEY
    assert await records.key_by_digest("d2") is None


async def test_keys_are_listed_oldest_first_with_every_field(records: Records) -> None:
    bare = change(KEY, id="key_0", digest="d0", expires_at=None, allowance=Allowance(), models=(), created_at=0.5)
    await records.add_key(KEY)
    await records.add_key(bare)
    assert list(await records.list_keys()) == [bare, KEY]


async def test_disabling_a_key_says_whether_there_was_one(records: Records) -> None:
    await records.add_key(KEY)
    assert (await records.change_key("key_1", {"disabled": True})) == change(KEY, disabled=True)
    assert await records.change_key("key_2", {"disabled": True}) is None
    assert await records.key_by_digest("d1") == change(KEY, disabled=True)


async def test_targets_come_and_go(records: Records) -> None:
    await records.add_target(TARGET)
    assert list(await records.list_targets()) == [TARGET]
    assert await records.remove_target("target_1")
    assert not await records.remove_target("target_1")
    assert list(await records.list_targets()) == []


async def test_settings_are_overwritten(records: Records) -> None:
    assert await records.setting("home") is None
    await records.put_setting("home", "a")
    await records.put_setting("home", "b")
    assert await records.setting("home") == "b"


async def test_a_settled_call_closes_its_reservation(records: Records) -> None:
    other = change(OPEN, call_id="call_2")
    await records.write_batch([], [OPEN, other])
    assert list(await records.open_reservations()) == [OPEN, other]
    await records.write_batch([ENTRY], [])
    assert await records.entry("call_1") == ENTRY
    assert list(await records.open_reservations()) == [other]


async def test_a_call_opened_and_settled_in_one_batch_leaves_no_reservation(records: Records) -> None:
    await records.write_batch([ENTRY], [OPEN])
    assert await records.entry("call_1") == ENTRY
    assert list(await records.open_reservations()) == []


async def test_a_caller_may_say_which_settled_calls_have_a_reservation(records: Records) -> None:
    await records.write_batch([], [OPEN, change(OPEN, call_id="call_2")])
    await records.write_batch([ENTRY, change(ENTRY, effect="call_3")], [], ["call_1"])
    assert [left.call_id for left in await records.open_reservations()] == ["call_2"]
    await records.write_batch([ENTRY, change(ENTRY, effect="call_2")], [], [])
    assert list(await records.open_reservations()) == []


async def test_an_effect_is_written_once_whatever_comes_with_it(records: Records) -> None:
    second = change(ENTRY, effect="call_2")
    third = change(ENTRY, effect="call_3")
    waiting = change(OPEN, call_id="call_9")
    await records.write_batch([ENTRY], [waiting])
    await records.write_batch([change(ENTRY, charge_nanos=999), second], [waiting, change(OPEN, call_id="call_1")])
    await records.write_batch([third, third, change(third, charge_nanos=5)], [])
    assert await records.entry("call_1") == ENTRY
    assert await records.entry("call_3") == third
    assert (await records.spent())["key:key_1"] == 3 * ENTRY.charge_nanos
    assert await records.check_ledger() == []
    assert list(await records.open_reservations()) == [waiting]


async def test_a_large_batch_is_written_whole(records: Records) -> None:
    entries = [change(ENTRY, effect=f"call_{number}", charge_nanos=number) for number in range(1303)]
    await records.write_batch(entries, [change(OPEN, call_id=f"call_{number}") for number in range(700)])
    assert (await records.spent())["key:key_1"] == sum(range(1303))
    assert await records.check_ledger() == []
    assert await records.entry("call_1302") == entries[-1]
    assert list(await records.open_reservations()) == []


async def test_a_batch_that_cannot_be_written_is_not_written_in_part(records: Records) -> None:
    bad = change(ENTRY, effect="call_2", charge_nanos=2**70)
    with pytest.raises(Exception, match=r"int|range|large"):
        await records.write_batch([ENTRY, bad], [OPEN])
    assert await records.entry("call_1") is None
    assert list(await records.open_reservations()) == []
    assert await records.spent() == {}


async def test_spend_is_the_sum_of_the_ledger_per_key(records: Records) -> None:
    await records.write_batch([ENTRY, change(ENTRY, effect="call_2", key_id="key_2", charge_nanos=0)], [])
    await records.write_batch([change(ENTRY, effect="call_3", charge_nanos=2**45)], [])
    assert (await records.spent())["key:key_1"] == 70 + 2**45
    assert await records.check_ledger() == []


async def test_the_sweep_settles_what_earlier_boots_left_open(records: Records) -> None:
    await records.beat(NODE)
    await records.write_batch([], [OPEN, change(OPEN, call_id="call_2", boot_id="boot_2")])
    assert await records.sweep([], now=5.0) == ["call_1"]
    swept = await records.entry("call_1")
    assert swept is not None
    assert (swept.outcome, swept.charge_nanos, swept.reserved_nanos, swept.duration_ms) == ("interrupted", 0, 100, 2000)
    assert [left.call_id for left in await records.open_reservations()] == ["call_2"]
    assert await records.spent() == {}
    assert await records.sweep([], now=6.0) == []


async def test_a_process_that_started_or_beat_since_the_dead_were_found_is_not_swept(records: Records) -> None:
    await records.beat(NODE)
    await records.beat(change(NODE, boot_id="boot_1"))
    await records.write_batch([], [OPEN, change(OPEN, call_id="call_2", boot_id="boot_2")])
    await records.beat(change(NODE, seen_at=4.0))
    assert await records.sweep([NODE], now=5.0) == []
    assert sorted(node.boot_id for node in await records.nodes()) == ["boot_1", "boot_2"]
    assert await records.sweep([change(NODE, seen_at=4.0)], now=5.0) == ["call_2"]
    assert [node.boot_id for node in await records.nodes()] == ["boot_1"]


async def test_a_call_that_was_settled_is_never_swept_as_interrupted(records: Records) -> None:
    await records.write_batch([ENTRY], [])
    await records.write_batch([], [change(OPEN, call_id="call_2")])
    await records.write_batch([], [OPEN, change(OPEN, call_id="call_2")])
    assert [left.call_id for left in await records.open_reservations()] == ["call_2"]
    await records.sweep([], now=5.0)
    assert await records.entry("call_1") == ENTRY


async def test_writers_at_once_lose_nothing(records: Records) -> None:
    async def write(number: int) -> None:
        await records.write_batch([change(ENTRY, effect=f"call_{number}", charge_nanos=1)], [])

    await asyncio.gather(*(write(number) for number in range(40)))
    assert (await records.spent())["key:key_1"] == 40
    assert await records.check_ledger() == []


async def test_what_was_written_is_there_after_a_restart(records: Records, url: str) -> None:
    await records.add_key(KEY)
    await records.close()
    second = SqlRecords(url)
    await second.open()
    assert await second.key_by_digest("d1") == KEY
    await second.close()


async def test_a_file_is_seen_by_its_owner_alone(records: Records) -> None:
    await records.add_file(FILE)
    assert await records.file("owner_1", "file_1") == FILE
    assert await records.file("owner_2", "file_1") is None
    assert await records.delete_file("owner_2", "file_1") is None
    assert await records.delete_file("owner_1", "file_1") == FILE
    assert await records.delete_file("owner_1", "file_1") is None


async def fill(records: Records) -> None:
    """Files a to f of owner_1, two of each moment; every second one is for vision. One file of another owner."""
    for number, name in enumerate("abcdef"):
        purpose = "vision" if number % 2 else "batch"
        await records.add_file(change(FILE, id=name, created_at=float(number // 2), purpose=purpose))
    await records.add_file(change(FILE, id="foreign", owner="owner_2"))


@pytest.mark.parametrize(
    ("purpose", "page", "ids", "has_more"),
    [
        (None, Page(), "fedcba", False),
        (None, Page(order="asc"), "abcdef", False),
        (None, Page(limit=4), "fedc", True),
        (None, Page(limit=6), "fedcba", False),
        (None, Page(limit=2, after="e"), "dc", True),
        (None, Page(limit=2, after="c"), "ba", False),
        (None, Page(order="asc", after="c"), "def", False),
        (None, Page(limit=2, before="b"), "dc", True),
        (None, Page(limit=9, before="b"), "fedc", False),
        (None, Page(order="asc", before="c"), "ab", False),
        (None, Page(after="f", before="b"), "edc", False),
        (None, Page(after="a"), "", False),
        ("vision", Page(), "fdb", False),
        ("vision", Page(limit=1, after="e"), "d", True),
        ("nothing", Page(), "", False),
    ],
)
async def test_files_are_paged(records: Records, purpose: str | None, page: Page, ids: str, has_more: bool) -> None:
    await fill(records)
    found, more = await records.list_files("owner_1", purpose, page)
    assert ("".join(file.id for file in found), more) == (ids, has_more)


@pytest.mark.parametrize("cursor", ["foreign", "never", "' OR 1=1 --", "%"])
async def test_a_page_cannot_start_at_a_file_that_is_not_there(records: Records, cursor: str) -> None:
    await fill(records)
    with pytest.raises(NotFound):
        await records.list_files("owner_1", None, Page(after=cursor))


async def test_expired_files_are_not_listed_but_found_for_the_sweep(records: Records) -> None:
    await records.add_file(change(FILE, id="old", expires_at=10.0))
    await records.add_file(change(FILE, id="older", expires_at=5.0))
    await records.add_file(change(FILE, id="young", expires_at=11.0))
    await records.add_file(change(FILE, id="eternal"))
    found, _ = await records.list_files("owner_1", None, Page(), now=10.0)
    assert sorted(file.id for file in found) == ["eternal", "young"]
    assert [file.id for file in await records.expired_files(10.0, 10)] == ["older", "old"]
    assert [file.id for file in await records.expired_files(10.0, 1)] == ["older"]


async def test_a_blob_is_used_while_any_record_names_it(records: Records) -> None:
    assert not await records.is_blob_used("b1")
    await records.add_file(FILE)
    await records.add_file(change(FILE, id="file_2", owner="owner_2"))
    await records.add_picture(PICTURE)
    await records.delete_file("owner_1", "file_1")
    assert await records.is_blob_used("b1")
    await records.delete_file("owner_2", "file_2")
    assert await records.is_blob_used("b1")
    await records.delete_picture("owner_1", "img_1")
    assert not await records.is_blob_used("b1")


async def test_a_picture_is_seen_by_its_owner_and_by_a_signed_link(records: Records) -> None:
    await records.add_picture(PICTURE)
    assert await records.picture("owner_1", "img_1") == PICTURE
    assert await records.picture("owner_2", "img_1") is None
    assert await records.picture(None, "img_1") == PICTURE
    assert await records.delete_picture("owner_2", "img_1") is None
    assert await records.delete_picture("owner_1", "img_1") == PICTURE
    assert await records.picture(None, "img_1") is None


async def test_expired_pictures_are_found(records: Records) -> None:
    await records.add_picture(PICTURE)
    await records.add_picture(change(PICTURE, id="img_2", expires_at=None, seed=2**40))
    assert [picture.id for picture in await records.expired_pictures(49.9, 10)] == []
    assert [picture.id for picture in await records.expired_pictures(50.0, 10)] == ["img_1"]
