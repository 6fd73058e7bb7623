"""An embedded model replaced by the operator: by files of their own, or by another server.

``engines.replace`` names models by their public id, so clients change nothing. A server of one's own is also how an
embedded surface grows beyond this machine.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from openhearth.accounts.secrets import credential_of
from openhearth.app.embedded.row import Row
from openhearth.config import Config, ConfigError, Replacement
from openhearth.core.errors import RequestError
from openhearth.core.provider import OPENAI_COMPATIBLE, Provider, Target
from openhearth.engines.packs import Packs
from openhearth.engines.ports import EngineSpec
from openhearth.engines.room import BASE_BYTES, FILE_FACTOR
from openhearth.routing.target_forms import origin_of


def replaced(rows: Iterable[Row], config: Config, packs: Packs, environ: Mapping[str, str]) -> list[Row]:
    """``rows`` with what ``engines.replace`` says. Blocks for files.

    Raises ConfigError: an unknown model, both or neither of path and url, a path that does not fit, a bad credential.
    """
    found = list(rows)
    for name, replacement in config.engines.replace.items():
        setting = f"engines.replace.{name}"
        row = next((row for row in found if row.name == name), None)
        if row is None:
            known = ", ".join(row.name for row in found) or "none, because engines.enabled is false"
            raise ConfigError(f"{setting}: there is no embedded model of that name. There are: {known}.")
        if bool(replacement.path) == bool(replacement.url):
            raise ConfigError(f"{setting}: give either a path or a url.")
        if replacement.url:
            found[found.index(row)] = _elsewhere(row, replacement, config, environ, setting)
        else:
            spec = _with_files(row.spec, Path(replacement.path).expanduser(), packs, setting)
            found = [_own_files(other, spec, replacement) for other in found]
    return found


def _elsewhere(row: Row, replacement: Replacement, config: Config, environ: Mapping[str, str], setting: str) -> Row:
    speaks = {name: dialect for name, dialect in OPENAI_COMPATIBLE.items() if name in row.provider.speaks}
    if not speaks:
        does = ", ".join(operation.value for operation in row.provider.speaks)
        raise ConfigError(f"{setting}: no OpenAI-compatible server answers {does}; only a path can replace it.")
    base_url = replacement.url.rstrip("/")
    try:
        origin, base_path = origin_of(base_url, config.upstream)
        secret = credential_of(replacement.key, environ)
    except (RequestError, ConfigError) as error:
        raise ConfigError(f"{setting}: {error}") from error
    host = urlsplit(base_url).hostname or "server"
    model = replacement.model or row.name
    target = Target(
        id=row.name,
        provider=Provider(host, host, base_url, speaks=speaks),
        origin=origin,
        base_path=base_path,
        model=row.name,
        upstream_model=model,
        secret=secret,
    )
    return msgspec.structs.replace(
        row,
        elsewhere=target,
        context_tokens=0,
        note_en=f"In place of the embedded model: {model} at {host}.",
        note_zh=f"代替内置模型：{host} 上的 {model}。",
    )


def _own_files(row: Row, spec: EngineSpec, replacement: Replacement) -> Row:
    if row.spec.name != spec.name or row.elsewhere is not None:
        return row
    name = Path(replacement.path).name
    return msgspec.structs.replace(
        row,
        spec=spec,
        note_en=f"The embedded engine with files of the operator's: {name}.",
        note_zh=f"内置引擎，使用运营者自己的文件：{name}。",
    )


def _with_files(spec: EngineSpec, path: Path, packs: Packs, setting: str) -> EngineSpec:
    if not path.exists():
        raise ConfigError(f"{setting}: {path} does not exist.")
    swap = _Swap(spec, path, packs.folder, setting)
    settings = swap.settings()
    own = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return msgspec.structs.replace(
        spec,
        settings=settings,
        packs=tuple(name for name in spec.packs if name in swap.kept),
        need_bytes=int(BASE_BYTES + FILE_FACTOR * sum(file.stat().st_size for file in own)),
    )


class _Swap:
    """The settings of an engine, with every path into its packs turned to the operator's files where they exist.

    A file takes the place of the engine's only file, or of the one with its name. A folder takes the place of a pack's
    folder; where the engine has several packs, its subfolders do.
    """

    def __init__(self, spec: EngineSpec, path: Path, packs_folder: Path, setting: str) -> None:
        self._spec = spec
        self._path = path
        self._setting = setting
        self._packs_folder = packs_folder
        self._places = [found for found in self._walk(spec.settings) if found]
        self._changed = 0
        self.kept: set[str] = set()

    def settings(self) -> dict[str, Any]:
        """Raises ConfigError when nothing fits."""
        changed: dict[str, Any] = self._turned(self._spec.settings)
        if not self._changed:
            names = sorted({"/".join(place.parts[2:]) or f"a folder for {place.parts[0]}" for place in self._places})
            wanted = ", ".join(names) or "no files at all"
            raise ConfigError(f"{self._setting}: {self._path} does not fit; the engine reads {wanted}.")
        return changed

    def _walk(self, value: object) -> Iterable[Path | None]:
        if isinstance(value, dict):
            for part in value.values():
                yield from self._walk(part)
        elif isinstance(value, list | tuple):
            for part in value:
                yield from self._walk(part)
        elif isinstance(value, str):
            yield self._place(value)

    def _place(self, value: str) -> Path | None:
        """``pack/version/file`` or ``pack/version`` of a path into the packs."""
        path = Path(value)
        return path.relative_to(self._packs_folder) if path.is_relative_to(self._packs_folder) else None

    def _turned(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._turned(part) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return [self._turned(part) for part in value]
        place = self._place(value) if isinstance(value, str) else None
        if place is None:
            return value
        own = self._own(place)
        if own is None:
            self.kept.add(place.parts[0])
            return value
        self._changed += 1
        return str(own)

    def _own(self, place: Path) -> Path | None:
        pack, _, *inside = place.parts
        if self._path.is_file():
            fits = bool(inside) and (len(self._places) == 1 or inside[-1] == self._path.name)
            return self._path if fits else None
        is_only_pack = len({other.parts[0] for other in self._places}) == 1
        home = self._path if is_only_pack else self._path / pack
        own = home.joinpath(*inside)
        return own if own.exists() else None
