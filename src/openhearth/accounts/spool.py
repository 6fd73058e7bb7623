"""Ledger entries on a plain file while the database is away: one JSON object per line, oldest first."""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from openhearth.stores.ports import LedgerEntry

_START, _END = "ledger-spool-", ".jsonl"
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(LedgerEntry)


def spool_name(boot_id: str) -> str:
    """The file of one process."""
    return f"{_START}{boot_id}{_END}"


def left_spools(folder: Path, alive: Iterable[str]) -> list[Path]:
    """The files of processes that are no more, oldest first. Blocking."""
    kept = {spool_name(boot_id) for boot_id in alive}
    return sorted(path for path in folder.glob(f"{_START}*{_END}") if path.name not in kept)


class Spool:
    """The file at ``path``. Synchronous: the ledger calls it in a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, entries: Iterable[LedgerEntry]) -> None:
        """Write ``entries`` durably. Raises OSError."""
        # The empty line in front closes a line that a crash tore, so that it spoils no other.
        text = b"\n" + b"\n".join(map(_ENCODER.encode, entries)) + b"\n"
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    def read(self, offset: int, most: int) -> tuple[list[LedgerEntry], int]:
        """Up to ``most`` entries from byte ``offset``, and the offset behind them; none when there are no more."""
        entries: list[LedgerEntry] = []
        try:
            with self._path.open("rb") as file:
                file.seek(offset)
                while len(entries) < most and (line := file.readline()):
                    offset += len(line)
                    entries += _entry(line)
        except FileNotFoundError:
            return [], offset
        return entries, offset

    def clear(self) -> None:
        """Forget everything."""
        self._path.unlink(missing_ok=True)

    def holds_something(self) -> bool:
        return self._path.exists()


def _entry(line: bytes) -> list[LedgerEntry]:
    """The entry of one line; nothing for an empty line or one that a crash tore."""
    try:
        return [_DECODER.decode(line)]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
