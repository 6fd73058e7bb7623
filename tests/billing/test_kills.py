"""The process dies by kill -9 in the middle of priced streams: the next one settles each call once, from its last note.

``KILLS`` sets how many times (``make test-kill``); ``SEED`` repeats a run.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.billing.killing import Stream, prepare, round_of_calls, rows, server, slow_upstream
from tests.e2e.conftest import Running

KILLS = int(os.environ.get("KILLS", "10"))
SEED = int(os.environ.get("SEED", "0")) or random.SystemRandom().randrange(1, 2**31)


@pytest.mark.timeout(120 + 60 * KILLS)
async def test_a_killed_process_leaves_every_call_settled_once(tmp_path: Path) -> None:
    print(f"SEED={SEED}")  # noqa: T201 (shown when it fails)
    dice = random.Random(SEED)
    data = tmp_path / "data"
    streams: list[Stream] = []
    async with slow_upstream() as up:
        async with server(data) as here:
            keys = await prepare(here, up)
            streams += await round_of_calls(here, keys, dice)
        for _ in range(KILLS - 1):
            async with server(data) as here:
                _check(here, streams)
                streams += await round_of_calls(here, keys, dice)
        async with server(data) as here:
            _check(here, streams)
            _check_command(here)
    assert len({stream.call_id for stream in streams}) == len(streams) >= 3 * KILLS


def _check(here: Running, streams: list[Stream]) -> None:
    """Every call settled once, for at least what was noted and at most what was delivered; sums follow."""
    assert rows(here.data, "SELECT call_id FROM reservations") == [], f"SEED={SEED}"
    found = rows(here.data, "SELECT effect, outcome, usage_source, charge_nanos, key_id FROM ledger")
    ledger = {row[0]: row[1:] for row in found}
    assert len(ledger) == len(found)
    for stream in streams:
        outcome, source, charge, key_id = ledger[stream.call_id]
        assert (outcome, source, key_id) == ("interrupted", "checkpoint", stream.key_id), f"SEED={SEED} {stream}"
        assert 0 < stream.noted_nanos <= charge <= stream.most_nanos, f"SEED={SEED} {stream}"
    for outcome, charge in (row[1::2][:2] for row in found if row[0] not in {stream.call_id for stream in streams}):
        assert (outcome, charge) in (("ok", 350_000), ("interrupted", 0)), f"SEED={SEED}"
    for key_id, charged in _by_key(found).items():
        spent = rows(here.data, "SELECT nanos FROM spend WHERE counter = ?", f"key:{key_id}")
        assert spent == [(charged,)], f"SEED={SEED}"
    status, _, body = here.get("/admin/v1/ledger/check")
    told = json.loads(body)
    assert (status, told["ok"], told["open_calls"], told["sum_nanos"]) == (200, True, 0, 0), f"SEED={SEED} {told}"


def _by_key(found: list[tuple[object, ...]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for *_, charge, key_id in found:
        assert isinstance(charge, int)
        sums[str(key_id)] = sums.get(str(key_id), 0) + charge
    return {key_id: nanos for key_id, nanos in sums.items() if nanos}


def _check_command(here: Running) -> None:
    """The command says so as well."""
    command = [sys.executable, "-m", "openhearth", "ledger", "check", "--data", str(here.data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("The ledger adds up:"), done.stdout
