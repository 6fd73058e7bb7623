"""What a fetch has gathered so far, so that an interrupted one goes on where it stopped.

The stage is a folder beside the packs. A file is done when its hash was right; parts that archives have given so far
are remembered with their lengths and cut back to them on the next run.
"""

import shutil
from pathlib import Path
from typing import Protocol

import msgspec

from openhearth.engines.catalogue import Pack, PackError, PackFile

SPARE_BYTES = 64 * 1024 * 1024
PART = ".part"
_STATE = "state.json"


class Hopeless(PackError):
    """No other source can help either: no room on the disk, or told to stop."""


class Kept(msgspec.Struct, frozen=True):
    """A file as it was found right."""

    sha256: str
    size_bytes: int


class _State(msgspec.Struct):
    """``archives`` counts the packages taken; ``lengths`` are those of the joined files then."""

    archives: int = 0
    lengths: dict[str, int] = {}
    done: dict[str, Kept] = {}


class Advance(Protocol):
    """Told how far a fetch is; may raise ``Hopeless`` to stop it."""

    def __call__(self, phase: str, done_bytes: int, total_bytes: int) -> None: ...


class Source(Protocol):
    """Somewhere a pack's files can come from."""

    @property
    def name(self) -> str:
        """As people are told it."""

    def offers(self, pack: Pack) -> bool:
        """Whether it is worth asking at all."""

    def take(self, pack: Pack, stage: "Stage", advance: Advance) -> None:
        """Bring what is wanting into the stage. Raises PackError with the reason for what it cannot bring."""


class Stage:
    """The files of one pack on their way. Opening it goes on with what is there."""

    def __init__(self, pack: Pack, folder: Path) -> None:
        self._pack = pack
        self.folder = folder
        self._state = _resumed(folder)

    @property
    def archives(self) -> int:
        """How many of the pack's archives have been taken."""
        return self._state.archives

    @property
    def done(self) -> dict[str, Kept]:
        return self._state.done

    def wanting(self) -> list[PackFile]:
        """The files that are not done."""
        return [file for file in self._pack.files if file.name not in self._state.done]

    def path(self, name: str) -> Path:
        """Where a file is put together."""
        return self.folder / name

    def taken(self, archives: int) -> None:
        """So many archives have given their parts."""
        self._state.archives = archives
        self._state.lengths = {file.name: length_of(self.path(file.name)) for file in self.wanting()}
        self._save()

    def keep(self, file: PackFile, sha256: str) -> None:
        """The file lies at its path and has this hash, which was right."""
        self._state.done[file.name] = Kept(sha256, length_of(self.path(file.name)))
        self._save()

    def forget_parts(self) -> None:
        """What archives gave cannot be right: begin them anew next time."""
        for file in self.wanting():
            self.path(file.name).unlink(missing_ok=True)
        self._state.archives, self._state.lengths = 0, {}
        self._save()

    def check_room(self, needed_bytes: int) -> None:
        """Raises Hopeless when the disk has not so much room for what is still to come."""
        needed = needed_bytes + SPARE_BYTES
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise Hopeless(
                f"Pack {self._pack.name} needs {needed / 1e6:,.0f} MB free in {self.folder.parent.parent}, "
                f"there are {free / 1e6:,.0f} MB. Free some space or set packs.folder to a larger disk."
            )

    def _save(self) -> None:
        (self.folder / _STATE).write_bytes(msgspec.json.encode(self._state))

    def finish(self, place: Path) -> None:
        """Move everything to ``place``, which is replaced."""
        for leftover in (self.folder / _STATE, *self.folder.glob(f"*{PART}")):
            leftover.unlink(missing_ok=True)
        shutil.rmtree(place, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        self.folder.rename(place)


def length_of(path: Path) -> int:
    """Bytes of a file; 0 when there is none."""
    return path.stat().st_size if path.exists() else 0


def _resumed(folder: Path) -> _State:
    """What is staged already, with joined files cut back to what was complete then; an empty stage otherwise."""
    try:
        state = msgspec.json.decode((folder / _STATE).read_bytes(), type=_State)
        for name, kept in state.done.items():
            if length_of(folder / name) != kept.size_bytes:
                raise OSError
        for name, length in state.lengths.items():
            if name not in state.done:
                _cut(folder / name, length)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        state = _State()
        _cleared(folder)
    return state


def _cut(path: Path, length: int) -> None:
    if length_of(path) < length:
        raise OSError
    if path.exists():
        if path.stat().st_nlink > 1:
            raise OSError  # linked from an operator's folder a moment before the end: theirs, not to be cut
        with path.open("r+b") as file:
            file.truncate(length)


def _cleared(folder: Path) -> None:
    """An empty stage, except for what a hub gave so far: that is resumed by itself."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.suffix != PART:
            path.unlink()
