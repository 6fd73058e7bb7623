"""The embedded engines as targets: which there are, what each needs, and what it honestly is.

One module per kind of engine holds its rows; the tuple below is the list of kinds.
"""

from collections.abc import Iterable, Mapping

from openhearth.app.embedded import chat, edit, embed, moderate, poster, read_document, speak, transcribe
from openhearth.app.embedded.row import Row
from openhearth.config import Config
from openhearth.core.cards import About
from openhearth.core.provider import Target
from openhearth.engines.packs import Packs
from openhearth.engines.ports import EngineHost, EngineSpec

_KINDS = (chat.rows, edit.rows, embed.rows, poster.rows, moderate.rows, speak.rows, transcribe.rows, read_document.rows)


def embedded_rows(config: Config, packs: Packs) -> list[Row]:
    """Every embedded model, installed or not; none when engines are switched off."""
    if not config.engines.enabled:
        return []
    return [row for rows in _KINDS for row in rows(config, packs)]


def engine_specs(rows: Iterable[Row]) -> list[EngineSpec]:
    """Each engine once."""
    return list({row.spec.name: row.spec for row in rows if row.elsewhere is None}.values())


def embedded_targets(rows: Iterable[Row], host: EngineHost) -> list[Target]:
    """A target for each row: its engine's Unix socket, or the server in its place."""
    return [
        row.elsewhere
        or Target(row.name, row.provider, host.origin(row.spec.name), row.base_path, row.name, engine=row.spec.name)
        for row in rows
    ]


def about(rows: Iterable[Row]) -> Mapping[str, About]:
    """What each model is, by target id, in both languages."""
    return {row.name: About(row.note_en, row.note_zh, row.context_tokens) for row in rows}


def stand_ins(rows: Iterable[Row]) -> Mapping[str, str]:
    """Names that mean an embedded model while no provider offers them."""
    return {name: row.name for row in rows for name in row.stands_in_for}


def openai_names(rows: Iterable[Row]) -> Mapping[str, tuple[str, ...]]:
    """The alias preset: the usual OpenAI names and the embedded models behind them, each for what it does."""
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        for name in row.openai_names:
            found[name] = (*found.get(name, ()), row.name)
    return found
