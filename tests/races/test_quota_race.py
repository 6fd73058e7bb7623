"""T7: 200 calls at once on every cap, by one process and by two, over every store: nobody passes a limit."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from openhearth.core.allowance import MONEY, Bound, Limit
from tests.races.caller import Case, Looks, Outcome, Race, Result
from tests.races.node import Where

ROOT = Path(__file__).resolve().parents[2]
NOON = 1_795_435_200.0
CALLS = 200
SCOPES = ("key", "project", "user", "org", "model")
CAPS = {**dict.fromkeys(sorted(MONEY), 2_000), Bound.RPM: 37, Bound.CONCURRENCY: 11}
SEED = 20_261_122


def cases(calls: int) -> list[Case]:
    """Each cap on somebody of its own, so that all of them race at once and none stands in another's way."""
    return [
        Case(f"{scope}-{bound}", Limit(f"{scope}:{scope}-{bound}", bound, most), calls)
        for scope in SCOPES
        for bound, most in CAPS.items()
    ]


@contextmanager
def caller(race: Race) -> "Iterator[subprocess.Popen[str]]":
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.races.caller"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        say(process, msgspec.json.encode(race).decode())
        yield process
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()


def say(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def hear(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line, "the caller ended; what it said is above"
    return line


def most_at_once(spans: list[tuple[float, float]]) -> int:
    """How many of the spans overlap at most."""
    turns = sorted([(began, 1) for began, _ in spans] + [(ended, -1) for _, ended in spans])
    count = most = 0
    for _, step in turns:
        count += step
        most = max(most, count)
    return most


@pytest.mark.parametrize(
    ("store", "processes"),
    [("memory", 1), *((store, processes) for store in ("sqlite", "postgresql", "valkey") for processes in (1, 2))],
)
def test_nobody_passes_a_limit(store: str, processes: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Prints its seed. Every cap is used up as far as it goes, nothing is left held, and the ledger agrees."""
    url, shared = "", "memory" if store == "memory" else "database"
    if store == "postgresql":
        url = request.getfixturevalue("postgres").empty(request.getfixturevalue("made_postgres"))
    if store == "valkey":
        shared = request.getfixturevalue("valkey").url()
    wanted = cases(CALLS // processes)
    races = [
        Race(Where(f"boot_{number}", str(tmp_path), url, shared), SEED + number, NOON, wanted)
        for number in range(processes)
    ]
    with caller(races[0]) as first:
        if processes == 1:
            results, looks = raced([first])
        else:
            with caller(races[1]) as second:
                results, looks = raced([first, second])
    assert looks.wrong == []
    assert looks.open_calls == 0
    for case in wanted:
        judge(case, [result.outcomes[case.name] for result in results], looks.counted[case.name], CALLS)


def raced(callers: "list[subprocess.Popen[str]]") -> tuple[list[Result], Looks]:
    for one in callers:
        assert hear(one) == "ready"
    for one in callers:
        say(one, "go")
    results = [msgspec.json.decode(hear(one), type=Result) for one in callers]
    looks = []
    for one in callers:
        say(one, "look")
        looks.append(msgspec.json.decode(hear(one), type=Looks))
    return results, looks[-1]


def judge(case: Case, outcomes: list[Outcome], counted: tuple[int, int], calls: int) -> None:
    bound, most = case.limit.bound, case.limit.most
    spans = [span for outcome in outcomes for span in outcome.spans]
    charged = sum(outcome.charged for outcome in outcomes)
    refused = sum(outcome.refused for outcome in outcomes)
    assert len(spans) + refused == calls, case.name
    if bound in MONEY:
        assert charged <= most, case.name
        assert len(spans) >= most // case.hold, case.name
        assert counted == (charged, 0), case.name
    elif bound is Bound.RPM:
        assert (len(spans), counted) == (most, (most, 0)), case.name
    else:
        assert most_at_once(spans) <= most, case.name
        assert len(spans) >= most, case.name
        assert counted == (0, 0), case.name
