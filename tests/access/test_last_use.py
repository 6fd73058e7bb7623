"""When a key was last used: known at once in the process that saw it, written down by the round of housekeeping."""

import time
from pathlib import Path

from openhearth.accounts.keys import Keys
from openhearth.stores.sql import SqlRecords
from tests.access.desk import Desk


async def test_the_last_use_is_shown_and_written_later(desk: Desk) -> None:
    made = await desk.made("/admin/v1/keys", {"name": "k"})
    assert made["used_at"] is None
    began = time.time()
    await desk.who(made["key"])
    shown = (await desk.ask("GET", f"/admin/v1/keys/{made['id']}")).json()
    assert began <= shown["used_at"] <= time.time()
    listed = (await desk.ask("GET", "/admin/v1/keys?search=k")).json()["data"]
    assert next(key for key in listed if key["id"] == made["id"])["used_at"] == shown["used_at"]
    kept = await desk.records.key(made["id"])
    assert kept is not None
    assert kept.used_at is None


async def test_uses_are_written_once_and_never_backwards(tmp_path: Path) -> None:
    now = [1000.0]
    records = SqlRecords(f"sqlite:///{tmp_path / 'records.db'}")
    await records.open()
    first, second = (Keys(records, b"pepper", now=lambda: now[0]) for _ in range(2))
    record, text = await first.create(name="k")
    await first.find(text.encode())
    now[0] = 2000.0
    await second.find(text.encode())
    await second.note_uses()
    await first.note_uses()
    kept = await records.key(record.id)
    assert kept is not None
    assert kept.used_at == 2000.0
    assert first.used_at(kept) == second.used_at(kept) == 2000.0
    now[0] = 2030.0
    assert second.find_cached(text.encode()) is not None  # the hot path notes nothing
    await second.note_uses()
    assert await records.key(record.id) == kept
    await records.close()


async def test_the_first_use_of_a_new_key_counts(tmp_path: Path) -> None:
    records = SqlRecords(f"sqlite:///{tmp_path / 'records.db'}")
    await records.open()
    keys = Keys(records, b"pepper")
    record, text = await keys.create(name="k")
    assert keys.used_at(record) is None
    assert keys.find_cached(text.encode()) is None
    await keys.find(text.encode())
    assert keys.find_cached(text.encode()) is not None
    assert keys.used_at(record) is not None
    await records.close()
