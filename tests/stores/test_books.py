"""The books as a whole: what adds up is said to, and each way in which they could be wrong is found."""

from collections.abc import Callable

import msgspec
import pytest
from sqlalchemy import Connection, text

from openhearth.doors import asgi
from openhearth.relay.gate import Gate
from openhearth.stores.ports import LedgerEntry, Posting
from openhearth.stores.sql import SqlRecords
from openhearth.stores.sql.books import SqlBooks
from openhearth.surfaces.admin.ledger import routes
from tests.fakes.access import GOOD_KEY, Keys, Limits
from tests.fakes.asgi import Answer, ask
from tests.fakes.settled import CALL


def call(number: int, cost: int, charge: int, **changes: object) -> LedgerEntry:
    changes = {"created_at": CALL.created_at + number * 4000, **changes}
    return msgspec.structs.replace(
        CALL, effect=f"call_{number}", cost_nanos=cost, charge_nanos=charge, input_tokens=number, **changes
    )


CALLS = (
    call(1, 100, 100),
    call(2, 100, 137, user_id="user_2", project_id="project_1"),
    call(3, 100, 0),
    call(4, 0, 0, outcome="failed"),
    call(5, 70, 70, target_id="target_2", model="gpt-4o@2026"),
)
TOP_UP = [Posting("topup_1", "user:user_1", 500, 1.0), Posting("topup_1", "funding", -500, 1.0)]
BALANCES = {
    "funding": -500,
    "margin": -63,
    "target:target_1": 300,
    "target:target_2": 70,
    "user:user_1": 330,
    "user:user_2": -137,
}


@pytest.fixture
async def books(records: SqlRecords) -> SqlBooks:
    await records.write_batch(CALLS, [])
    assert await records.post(TOP_UP)
    return SqlBooks(records.database)


async def test_books_that_add_up_are_said_to(books: SqlBooks) -> None:
    found = await books.prove()
    assert found.faults == ()
    assert (found.calls, found.postings, found.accounts, found.open_calls) == (5, 11, 6, 0)
    assert (found.sum_nanos, found.charged_nanos, found.cost_nanos) == (0, 307, 370)


async def test_no_books_add_up_too(records: SqlRecords) -> None:
    found = await SqlBooks(records.database).prove()
    assert (found.faults, found.calls, found.sum_nanos) == ((), 0, 0)


FAULTS = {
    "an amount": ("UPDATE postings SET nanos = nanos - 1 WHERE effect = 'call_2' AND account = 'margin'", "call_2 sum"),
    "both amounts": ("UPDATE postings SET nanos = nanos * 2 WHERE effect = 'call_1'", "call_1 are not those"),
    "the account": ("UPDATE postings SET account = 'user:user_3' WHERE account = 'user:user_2'", "call_2 are not"),
    "no postings": ("DELETE FROM postings WHERE effect = 'call_5'", "call_5 are not those"),
    "postings of a failure": (
        "INSERT INTO postings (effect, account, nanos, created_at) "
        "VALUES ('call_4', 'x', 1, 1), ('call_4', 'y', -1, 1)",
        "call_4 are not those",
    ),
    "a balance": ("UPDATE balances SET nanos = nanos + 7 WHERE account = 'funding'", "balance of funding is -493"),
    "an account too many": ("INSERT INTO balances (account, nanos) VALUES ('user:x', 1)", "balance of user:x is 1"),
    "spend": ("UPDATE spend SET nanos = nanos + 1 WHERE counter = 'project:project_1'", "project:project_1 spent 138"),
    "a counter lost": ("DELETE FROM spend WHERE counter = 'model:gpt-4o@2026'", "model:gpt-4o@2026 spent 0"),
    "tokens of an hour": ("UPDATE usage_hours SET input_tokens = input_tokens + 1", "input_tokens"),
    "calls of an hour": ("UPDATE usage_hours SET calls = calls + 1", "calls, the calls to 5"),
    "an entry lost": ("DELETE FROM ledger WHERE effect = 'call_1'", "key:key_1 spent 307"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_is_found_and_named(books: SqlBooks, records: SqlRecords, fault: str) -> None:
    statement, named = FAULTS[fault]
    await records.database.write(_execute(statement))
    found = await books.prove()
    assert any(named in words for words in found.faults), found.faults


def _execute(statement: str) -> Callable[[Connection], None]:
    def run(connection: Connection) -> None:
        connection.execute(text(statement))

    return run


async def test_a_thousand_faults_are_not_all_told(records: SqlRecords) -> None:
    await records.write_batch([call(number, 1, 1) for number in range(1, 1001)], [])
    await records.database.write(_execute("UPDATE postings SET nanos = 5"))
    found = await SqlBooks(records.database).prove()
    assert 100 < len(found.faults) < 1000
    assert found.sum_nanos == 10_000


async def _asked(books: SqlBooks, path: str) -> Answer:
    app = asgi.app(routes(books, Gate(Keys(), Limits())))
    return await ask(app, "GET", f"/admin/v1/ledger/{path}", headers={"authorization": f"Bearer {GOOD_KEY}"})


async def test_the_check_is_served(books: SqlBooks, records: SqlRecords) -> None:
    told = (await _asked(books, "check")).json()
    assert (told["object"], told["ok"], told["faults"], told["calls"]) == ("ledger.check", True, [], 5)
    await records.database.write(_execute("UPDATE balances SET nanos = 1 WHERE account = 'margin'"))
    told = (await _asked(books, "check")).json()
    assert told["ok"] is False
    assert told["faults"] == ["the balance of margin is 1 nanos; its postings sum to -63"]


async def test_balances_are_served_in_pages(books: SqlBooks) -> None:
    whole = (await _asked(books, "balances")).json()
    assert {row["account"]: row["nanos"] for row in whole["data"]} == BALANCES
    assert (whole["total"], whole["has_more"]) == (6, False)
    page = (await _asked(books, "balances?account=user:&limit=1")).json()
    assert (page["data"], page["total"], page["has_more"]) == ([{"account": "user:user_1", "nanos": 330}], 2, True)
    page = (await _asked(books, "balances?account=user:&limit=1&offset=1")).json()
    assert (page["data"], page["has_more"]) == ([{"account": "user:user_2", "nanos": -137}], False)
    assert (await _asked(books, "balances?account=user_")).json()["data"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "offset=-1", "limit=x", f"account={'x' * 301}"])
async def test_a_wrong_page_is_refused(books: SqlBooks, query: str) -> None:
    answer = await _asked(books, f"balances?{query}")
    assert (answer.status, answer.json()["error"]["param"]) == (400, query.partition("=")[0])
