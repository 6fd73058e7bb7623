"""Floors of coverage: an average hides nothing."""

from typing import Any

from tests.floors import Floors, holes, known


def _report(**files: tuple[int, int]) -> dict[str, Any]:
    return {
        "files": {
            f"src/openhearth/{name.replace('__', '/')}.py": {
                "summary": {"covered_lines": run, "num_statements": of, "covered_branches": 0, "num_branches": 0}
            }
            for name, (run, of) in files.items()
        }
    }


def test_a_package_and_a_file_below_their_floors_are_named() -> None:
    floors = Floors(90.0, 50.0, {"core": 100.0}, {"stores/odd.py": 10.0})
    report = _report(core__a=(99, 100), stores__odd=(1, 10), stores__hole=(4, 10), stores__much=(990, 990))
    assert holes(report, floors) == ["core: 99.00 % of 100.0 %", "stores/hole.py: 40.00 % of 50.0 %"]


def test_all_together_have_a_floor() -> None:
    assert holes(_report(cli=(8, 10)), Floors(90.0, 50.0, {"cli": 0.0}, {})) == ["everything: 80.00 % of 90.0 %"]


def test_branches_count_like_lines() -> None:
    report = _report(cli=(10, 10))
    report["files"]["src/openhearth/cli.py"]["summary"] |= {"covered_branches": 0, "num_branches": 10}
    assert holes(report, Floors(0.0, 51.0, {}, {})) == ["cli.py: 50.00 % of 51.0 %"]


def test_a_floor_of_nothing_is_taken_out() -> None:
    floors = Floors(0.0, 0.0, {"gone": 1.0}, {"cli.py": 1.0, "away.py": 1.0})
    assert holes(_report(cli=(1, 1)), floors) == [
        "away.py: has a floor and is not there",
        "gone: has a floor and is not there",
    ]


def test_our_floors_can_be_read_and_make_no_promise_twice() -> None:
    floors = known()
    assert all(floor < floors.file for floor in floors.files.values())
    assert all(0 < floor <= 100 for floor in (*floors.packages.values(), *floors.files.values()))
