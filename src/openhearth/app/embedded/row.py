"""One embedded model: the engine behind it, how it is reached, and what it honestly is."""

import msgspec

from openhearth.core.provider import Provider, Target
from openhearth.engines.ports import EngineSpec


class Row(msgspec.Struct, frozen=True):
    """``name`` is the public model name and the target's id; ``spec`` may be shared by rows (one process, two models).

    ``base_path`` is put before an operation's path on the engine's socket. ``note_en`` and ``note_zh`` are one honest
    sentence each. ``openai_names`` are names of OpenAI's models that the alias preset ``openai`` maps to this one; rows
    that share a name each answer what they do. ``stands_in_for`` are names it answers while no provider offers them.
    ``elsewhere`` is the server that the operator put in its place (``engines.replace``): then no engine is started for
    it. ``context_tokens`` is how much it reads, where that is known.
    """

    name: str
    provider: Provider
    spec: EngineSpec
    note_en: str
    note_zh: str
    base_path: str = "/v1"
    openai_names: tuple[str, ...] = ()
    stands_in_for: tuple[str, ...] = ()
    elsewhere: Target | None = None
    context_tokens: int = 0
