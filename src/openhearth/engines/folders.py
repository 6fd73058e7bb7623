"""A folder of the operator's as a source of packs: what was copied from another machine, or downloaded by hand.

Its files are never trusted for their names: the size finds them and the hash decides.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from openhearth.engines.catalogue import Pack, PackError, PackFile
from openhearth.engines.staging import Advance, Stage
from openhearth.engines.wheels import sha256_of

LOOKED_AT_MOST = 2000


class Folder:
    """``staging.Source`` over one folder. Looked at are ``<pack>/<version>/``, ``<pack>/`` and the folder itself, so a
    copy of a packs folder is found as well as a file that a browser saved."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def name(self) -> str:
        return f"folder {self._folder}"

    def offers(self, pack: Pack) -> bool:
        """Only what has a known hash: nothing else can be checked here."""
        return any(file.sha256 for file in pack.files)

    def take(self, pack: Pack, stage: Stage, advance: Advance) -> None:
        """Link or copy the right files. Raises PackError naming those that are not here."""
        total = pack.installed_bytes
        absent = []
        for file in stage.wanting():
            advance("check", sum(kept.size_bytes for kept in stage.done.values()), total)
            path = self._found(pack, file)
            if path is None:
                absent.append(file.name)
                continue
            _place(path, stage.path(file.name), stage, file)
            stage.keep(file, file.sha256)
        if absent:
            raise PackError(f"does not hold {', '.join(absent[:5])}{' …' if len(absent) > 5 else ''}.")

    def _found(self, pack: Pack, file: PackFile) -> Path | None:
        if not file.sha256:
            return None
        for path in self._candidates(pack, file):
            try:
                if path.is_file() and path.stat().st_size == file.size_bytes and sha256_of(path) == file.sha256:
                    return path
            except OSError:
                continue
        return None

    def _candidates(self, pack: Pack, file: PackFile) -> Iterator[Path]:
        homes = (self._folder / pack.name / pack.version, self._folder / pack.name, self._folder)
        named = [home / file.name for home in homes]
        yield from named
        for home in homes:
            try:
                with os.scandir(home) as entries:
                    paths = [Path(entry.path) for entry, _ in zip(entries, range(LOOKED_AT_MOST), strict=False)]
            except OSError:
                continue
            yield from (path for path in sorted(paths) if path not in named)


def _place(path: Path, target: Path, stage: Stage, file: PackFile) -> None:
    """A hard link costs no room; across disks, and for files of others, a copy."""
    target.unlink(missing_ok=True)
    try:
        os.link(path.resolve(), target)
    except OSError:
        stage.check_room(file.size_bytes)
        shutil.copyfile(path, target)
