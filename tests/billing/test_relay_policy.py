"""T6: whoever breaks off wherever, the ledger says what the policy says, once, and nothing stays held."""

from pathlib import Path

import pytest

from tests.billing.cases import LEAST, Door, cases, expected
from tests.billing.running import relayed, run, worth_of

CASES = cases()


@pytest.mark.parametrize("door", Door)
async def test_every_way_a_call_can_end_costs_what_the_policy_says(tmp_path: Path, door: Door) -> None:
    mine = [case for case in CASES if case.door is door]
    async with relayed(tmp_path) as here:
        ended = [(case, (await run(here, case)).id) for case in mine]
        entries = await here.entries()
        wrong = []
        for case, call_id in ended:
            wanted = expected(case)
            said = worth_of(entries[call_id], wanted)
            if said != wanted:
                wrong.append((case.answer.name, case.end, case.cut, case, wanted, said))
        assert wrong == [], f"{len(wrong)} of {len(mine)} cases"
        assert len(entries) == len(mine)
        await here.check()


def test_there_are_enough_cases_and_they_meet_everything() -> None:
    assert len(CASES) >= LEAST
    assert len({(case.answer.name, case.end, case.cut, case.door) for case in CASES}) > LEAST / 4
    for part in ("door", "price", "ratio_ppm", "wish", "end", "first", "status"):
        assert len({(getattr(case, part), case.door) for case in CASES}) >= 2
