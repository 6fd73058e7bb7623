"""How much of the code the tests run, held against ``floors.toml``: ``make cov``.

An average hides holes, so a package has a floor for its lines and branches together, and every file has one as well.
"""

import sys
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

_SOURCE = "src/openhearth/"
_FLOORS = Path(__file__).with_name("floors.toml")


class Floors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Percent of lines and branches. ``files`` are the exceptions from ``file``; both lists may only improve."""

    everything: float
    file: float
    packages: dict[str, float]
    files: dict[str, float]


class Covered(msgspec.Struct):
    """Lines and branches that were run, of those there are."""

    run: int = 0
    of: int = 0

    @property
    def percent(self) -> float:
        return 100.0 * self.run / self.of if self.of else 100.0

    def add(self, summary: Mapping[str, int]) -> None:
        self.run += summary["covered_lines"] + summary["covered_branches"]
        self.of += summary["num_statements"] + summary["num_branches"]


def holes(report: Mapping[str, Any], floors: Floors) -> list[str]:
    """What lies below its floor, and floors of what is not there, in words."""
    everything, packages, files = Covered(), defaultdict[str, Covered](Covered), defaultdict[str, Covered](Covered)
    for path, file in report["files"].items():
        name = path.removeprefix(_SOURCE)
        for covered in (everything, packages[name.split("/")[0].removesuffix(".py")], files[name]):
            covered.add(file["summary"])
    found = _below("everything", everything, floors.everything)
    for name, covered in sorted(packages.items()):
        found += _below(name, covered, floors.packages.get(name, floors.everything))
    for name, covered in sorted(files.items()):
        found += _below(name, covered, floors.files.get(name, floors.file))
    gone = sorted({*floors.packages} - {*packages} | {*floors.files} - {*files})
    return found + [f"{name}: has a floor and is not there" for name in gone]


def _below(name: str, covered: Covered, floor: float) -> list[str]:
    return [f"{name}: {covered.percent:.2f} % of {floor} %"] if covered.percent < floor else []


def known() -> Floors:
    """The floors of ``floors.toml``."""
    return msgspec.convert(tomllib.loads(_FLOORS.read_text(encoding="utf-8")), Floors)


def main(path: str) -> int:
    """0: nothing lies below its floor. 1: what does is printed."""
    found = holes(msgspec.json.decode(Path(path).read_bytes()), known())
    sys.stdout.write("\n".join(["Below the floors of tests/floors.toml:", *found] if found else []) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
