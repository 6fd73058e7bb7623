"""The embedded engines as targets: which there are, what each needs, and what it honestly is.

One module per kind of engine holds its rows; the tuple below is the list of kinds.
"""

from collections.abc import Iterable, Mapping

from openhearth.app.embedded import chat, edit
from openhearth.app.embedded.row import Row
from openhearth.config import Config
from openhearth.core.provider import Target
from openhearth.engines.packs import Packs
from openhearth.engines.ports import EngineHost, EngineSpec

_KINDS = (chat.rows, edit.rows)


def embedded_rows(config: Config, packs: Packs) -> list[Row]:
    """Every embedded model, installed or not; none when engines are switched off."""
    if not config.engines.enabled:
        return []
    return [row for rows in _KINDS for row in rows(config, packs)]


def engine_specs(rows: Iterable[Row]) -> list[EngineSpec]:
    """Each engine once."""
    return list({row.spec.name: row.spec for row in rows}.values())


def embedded_targets(rows: Iterable[Row], host: EngineHost) -> list[Target]:
    """A target for each row, at its engine's Unix socket."""
    return [
        Target(row.name, row.provider, host.origin(row.spec.name), row.base_path, row.name, engine=row.spec.name)
        for row in rows
    ]


def notes(rows: Iterable[Row]) -> Mapping[str, str]:
    """What each model is, by target id, in both languages."""
    return {row.name: f"{row.note_en} {row.note_zh}" for row in rows}


def stand_ins(rows: Iterable[Row]) -> Mapping[str, str]:
    """Names that mean an embedded model while no provider offers them."""
    return {name: row.name for row in rows for name in row.stands_in_for}


def openai_names(rows: Iterable[Row]) -> Mapping[str, str]:
    """The alias preset: the usual OpenAI names and the embedded models behind them."""
    return {name: row.name for row in rows for name in row.openai_names}
