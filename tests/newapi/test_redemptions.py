"""Redemption codes: one use whatever happens, exact money, nothing in the database that could be used."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from openhearth.core.allowance import Allowance
from openhearth.core.errors import RequestError
from openhearth.stores.access_ports import Audit, UserRecord
from openhearth.stores.newapi_ports import RedemptionRecord
from openhearth.stores.sql import SqlRecords
from openhearth.stores.sql.newapi import SqlNewApi
from tests.newapi.client import UNIT, Refused
from tests.newapi.serving import Running

TRIES = 200
AUDIT = Audit("system", "redemption.redeem", "redeem_1", 1.0, "org_default")
CODE = RedemptionRecord(0, "redeem_1", "digest", "gift", 5_000_000, "user_root", 1.0)
Stores = list[tuple[SqlRecords, SqlNewApi]]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'openhearth.db'}"
    found: str = request.getfixturevalue("postgres").empty(request.getfixturevalue("made_postgres"))
    return found


@pytest.fixture
async def stores(url: str) -> AsyncIterator[Stores]:
    """Two, as two processes have them; a user and a code are there."""
    async with AsyncExitStack() as stack:
        found: Stores = []
        for _ in range(2):
            records = SqlRecords(url)
            await records.open()
            stack.push_async_callback(records.close)
            found.append((records, SqlNewApi(records.database)))
        records, codes = found[0]
        await records.add_user(UserRecord("user_1", 0, "org_default", "ada", 1.0, allowance=Allowance(0)), AUDIT)
        await codes.add_redemptions([CODE], AUDIT)
        yield found


async def test_of_many_who_redeem_at_once_one_is_paid(stores: Stores) -> None:
    turns = [codes.redeem("digest", "user_1", 2.0, AUDIT) for _ in range(TRIES // 2) for _, codes in stores]
    paid = [user for user in await asyncio.gather(*turns) if user is not None]
    assert [user.allowance.quota_micros for user in paid] == [5_000_000]
    records, codes = stores[1]
    assert (await records.balance("user:user_1"), await records.balance("funding")) == (5_000_000_000, -5_000_000_000)
    assert {one.account: one.nanos for one in await records.postings("redeem:redeem_1")} == {
        "user:user_1": 5_000_000_000,
        "funding": -5_000_000_000,
    }
    kept = await codes.redemption_by_digest("digest")
    assert kept is not None
    assert (kept.used_by, kept.used_at) == ("user_1", 2.0)
    assert await records.check_ledger() == []
    assert await records.check_audit() is None
    # The user, the code, and one redemption: those who came too late changed nothing.
    assert len(await records.audit_entries()) == 3


@pytest.mark.parametrize("changes", [{"disabled": True}, {"expires_at": 2.0}], ids=["disabled", "expired"])
async def test_a_code_that_may_not_be_used_pays_nobody(stores: Stores, changes: dict[str, object]) -> None:
    records, codes = stores[0]
    made = await codes.redemption_by_digest("digest")
    assert made is not None
    assert await codes.change_redemption(made.number, changes, AUDIT) is not None
    assert await codes.redeem("digest", "user_1", 2.0, AUDIT) is None
    assert await codes.redeem("another", "user_1", 2.0, AUDIT) is None
    assert await records.balance("user:user_1") == 0


async def test_a_code_that_cannot_be_paid_stays_unused(stores: Stores) -> None:
    records, codes = stores[0]
    await records.change_user("user_1", {"allowance": {"quota_micros": 10**12}}, AUDIT)
    with pytest.raises(RequestError):
        await codes.redeem("digest", "user_1", 2.0, AUDIT)
    kept = await codes.redemption_by_digest("digest")
    assert kept is not None
    assert kept.used_by == ""


async def test_numbers_are_given_once_by_two_processes(stores: Stores) -> None:
    more = [
        codes.add_redemptions([RedemptionRecord(0, f"r{at}{n}", f"d{at}{n}", "x", 2, "user_root", 1.0)], AUDIT)
        for at in range(20)
        for n, (_, codes) in enumerate(stores)
    ]
    numbers = [one.number for made in await asyncio.gather(*more) for one in made]
    assert len(set(numbers)) == 40
    _, codes = stores[0]
    gone = max(numbers)
    assert await codes.remove_redemptions([gone], AUDIT) == 1
    (added,) = await codes.add_redemptions([RedemptionRecord(0, "r", "d", "x", 2, "user_root", 1.0)], AUDIT)
    assert added.number > gone


async def test_codes_are_made_listed_and_redeemed(running: Running) -> None:
    root = running.root
    codes = await root.post("/api/redemption/", {"name": "gift", "quota": 2 * UNIT, "count": 3, "expired_time": 0})
    assert len(set(codes)) == 3
    assert all(len(code) == 32 for code in codes)
    rows = await root.items("/api/redemption/")
    assert {row["key"] for row in rows} == set(codes)
    assert {(row["quota"], row["status"], row["expired_time"], row["user_id"]) for row in rows} == {(2 * UNIT, 1, 0, 1)}
    user = await running.user("ada", dollars=1)
    assert await user.post("/api/user/topup", {"key": f" {codes[0]} "}) == 2 * UNIT
    assert (await user.get("/api/user/self"))["quota"] == 3 * UNIT
    for code in (codes[0], "0" * 32, "", "nonsense"):
        with pytest.raises(Refused, match="unknown, used, disabled or expired"):
            await user.post("/api/user/topup", {"key": code})
    (found,) = await root.items(f"/api/redemption/search?keyword={codes[0]}")
    me = await user.get("/api/user/self")
    assert (found["status"], found["used_user_id"]) == (3, me["id"])
    assert found["redeemed_time"] > 0
    with pytest.raises(Refused, match="was used"):
        await root.put("/api/redemption/", {"id": found["id"], "name": "other", "quota": 1})
    other = (await root.items(f"/api/redemption/search?keyword={codes[1]}"))[0]
    off = await root.put("/api/redemption/?status_only=true", {"id": other["id"], "status": 2})
    assert (off["status"], off["name"]) == (2, "gift")
    with pytest.raises(Refused, match="disabled"):
        await user.post("/api/user/topup", {"key": codes[1]})
    assert [one["id"] for one in await root.items("/api/redemption/search?keyword=GIF")] == [
        row["id"] for row in sorted(rows, key=lambda row: -row["id"])
    ]
    assert await root.delete("/api/redemption/invalid") == 2
    assert [row["key"] for row in await root.items("/api/redemption/")] == [codes[2]]
    await root.delete(f"/api/redemption/{(await root.items('/api/redemption/'))[0]['id']}")
    assert await root.items("/api/redemption/") == []


async def test_an_account_without_a_quota_is_told_that_it_needs_no_code(running: Running) -> None:
    (code,) = await running.root.post("/api/redemption/", {"name": "gift", "quota": UNIT, "count": 1})
    with pytest.raises(Refused, match="needs no code"):
        await running.root.post("/api/user/topup", {"key": code})
    assert (await running.root.items("/api/redemption/"))[0]["status"] == 1


async def test_two_hundred_requests_at_once_pay_once(running: Running) -> None:
    user = await running.user("ada", dollars=1)
    (code,) = await running.root.post("/api/redemption/", {"name": "gift", "quota": UNIT, "count": 1})
    answers = await asyncio.gather(*(user.raw("POST", "/api/user/topup", {"key": code}) for _ in range(TRIES)))
    assert sum(answer.json()["success"] for answer in answers) == 1
    assert (await user.get("/api/user/self"))["quota"] == 2 * UNIT


async def test_the_database_holds_no_code(running: Running) -> None:
    codes = await running.root.post("/api/redemption/", {"name": "gift", "quota": UNIT, "count": 2})
    folder = Path(running.platform.config.store.folder)
    found = await asyncio.to_thread(_bytes_of, folder)
    assert b"gift" in found
    assert not any(code.encode() in found for code in codes)


def _bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("openhearth.db*"))
