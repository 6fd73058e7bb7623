"""Getting one pinned wheel and taking members out of it, without installing or importing anything.

pip does the download, because it is what every machine with Python has and it already knows the operator's index,
proxy and credentials. The file is then treated as a zip archive of data and nothing else.
"""

import hashlib
import os
import selectors
import subprocess
import sys
import time
import zipfile
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from openhearth.engines.catalogue import PackError, Wheel

CHUNK_BYTES = 1024 * 1024
STALL_S = 600.0
RESUME_RETRIES = 20

Downloaded = Callable[[int], None]


def download(wheel: Wheel, folder: Path, environ: Mapping[str, str], downloaded: Downloaded) -> Path:
    """Fetch ``wheel`` into ``folder`` with pip and check its hash; ``downloaded`` gets the bytes so far.

    Raises PackError with pip's last words.
    """
    wanted = folder / "wanted.txt"
    pin = f" --hash=sha256:{wheel.sha256}" if wheel.sha256 else ""
    wanted.write_text(f"{wheel.requirement}{pin}\n", encoding="utf-8")
    _run(_command(wheel, wanted, folder), environ, wheel.requirement, downloaded)
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


def _run(command: list[str], environ: Mapping[str, str], name: str, downloaded: Downloaded) -> None:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(environ)
    )
    assert process.stdout is not None
    last_words: deque[str] = deque(maxlen=6)
    try:
        with process.stdout as output:
            _follow(output, last_words, name, downloaded)
        code = process.wait(timeout=30)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if code != 0:
        raise PackError(f"pip could not fetch {name}:\n" + "\n".join(last_words))


def _follow(output: IO[bytes], last_words: deque[str], name: str, downloaded: Downloaded) -> None:
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        heard = time.monotonic()
        while True:
            if not selector.select(timeout=5.0):
                if time.monotonic() - heard > STALL_S:
                    raise PackError(f"Fetching {name} stalled for {STALL_S:.0f} s. Check the network and try again.")
                continue
            data = os.read(output.fileno(), 65536)
            if not data:
                return
            heard = time.monotonic()
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                _hear(line.decode("utf-8", "replace").strip(), last_words, downloaded)


def _hear(line: str, last_words: deque[str], downloaded: Downloaded) -> None:
    words = line.split()
    if len(words) == 4 and words[0] == "Progress" and words[2] == "of" and words[1].isdigit():
        downloaded(int(words[1]))
    elif line:
        last_words.append(line)


def sha256_of(path: Path) -> str:
    """Hex digest of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def append_member(wheel: Path, member: str, target: Path, room_bytes: int) -> int:
    """Append one member of the archive to ``target``; the bytes written.

    Raises PackError when the member is missing, damaged or larger than ``room_bytes``.
    """
    written = 0
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, target.open("ab") as out:
            while data := source.read(CHUNK_BYTES):
                written += len(data)
                if written > room_bytes:
                    raise PackError(f"{member} in {wheel.name} is larger than the list of packs says.")
                out.write(data)
    except KeyError as error:
        raise PackError(f"{wheel.name} does not hold {member}.") from error
    except zipfile.BadZipFile as error:
        raise PackError(f"{wheel.name} is damaged: {error}.") from error
    return written
