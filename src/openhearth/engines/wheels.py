"""Getting one pinned wheel and taking members out of it, without installing or importing anything.

pip does the download, because it is what every machine with Python has and it already knows the operator's index,
proxy and credentials. The file is then treated as a zip archive of data and nothing else.
"""

import hashlib
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from openhearth.engines.catalogue import PackError, Wheel
from openhearth.engines.client import Run, follow

CHUNK_BYTES = 1024 * 1024
RESUME_RETRIES = 20

Downloaded = Callable[[int], None]


def download(wheel: Wheel, folder: Path, environ: Mapping[str, str], downloaded: Downloaded) -> Path:
    """Fetch ``wheel`` into ``folder`` with pip and check its hash; ``downloaded`` gets the bytes so far, about every
    second, and may raise to stop the download.

    Raises PackError with pip's last words.
    """
    wanted = folder / "wanted.txt"
    pin = f" --hash=sha256:{wheel.sha256}" if wheel.sha256 else ""
    wanted.write_text(f"{wheel.requirement}{pin}\n", encoding="utf-8")
    done = [0]

    def heard(line: str) -> bool:
        words = line.split()
        if len(words) != 4 or words[0] != "Progress" or words[2] != "of" or not words[1].isdigit():
            return False
        done[0] = int(words[1])
        return True

    command = _command(wheel, wanted, folder)
    follow(Run("pip", command, wheel.requirement, folder, environ, heard, lambda: downloaded(done[0])))
    found = sorted(folder.glob("*.whl"))
    if len(found) != 1:
        raise PackError(f"pip reported success for {wheel.requirement} but left {len(found)} files.")
    digest = sha256_of(found[0])
    if wheel.sha256 and digest != wheel.sha256:
        found[0].unlink()
        raise PackError(f"{wheel.requirement} has SHA-256 {digest}, expected {wheel.sha256}. It was deleted.")
    return found[0]


def _command(wheel: Wheel, wanted: Path, folder: Path) -> list[str]:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--require-hashes"] if wheel.sha256 else []
    command += ["--no-cache-dir", "--no-input", "--disable-pip-version-check", "--progress-bar", "raw"]
    command += ["--resume-retries", str(RESUME_RETRIES), "--dest", str(folder)]
    if wheel.python:
        command += ["--python-version", wheel.python]
    if wheel.abi:
        command += ["--implementation", "cp", "--abi", wheel.abi]
    if wheel.platform:
        command += ["--platform", wheel.platform]
    return [*command, "--requirement", str(wanted)]


def sha256_of(path: Path) -> str:
    """Hex digest of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def append_member(wheel: Path, member: str, target: Path, room_bytes: int) -> None:
    """Append one member of the archive to ``target``.

    Raises PackError when the member is missing, damaged or larger than ``room_bytes``.
    """
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source:
            append(source, f"{member} in {wheel.name}", target, room_bytes)
    except KeyError as error:
        raise PackError(f"{wheel.name} does not hold {member}.") from error
    except zipfile.BadZipFile as error:
        raise PackError(f"{wheel.name} is damaged: {error}.") from error


def append(source: IO[bytes], name: str, target: Path, room_bytes: int) -> None:
    """Append all of ``source`` to ``target``. Raises PackError when it is larger than ``room_bytes``."""
    written = 0
    with target.open("ab") as out:
        while data := source.read(CHUNK_BYTES):
            written += len(data)
            if written > room_bytes:
                raise PackError(f"{name} is larger than the list of packs says.")
            out.write(data)
