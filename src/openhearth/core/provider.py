"""Provider and target as values: where a call can go and what is spoken there."""

from enum import StrEnum

import msgspec
from typing_extensions import override

from openhearth.core.money import FREE, Price
from openhearth.core.operations import Operation


class Dialect(StrEnum):
    """Wire forms. A relay happens when the route's dialect is one the target speaks."""

    OPENAI_CHAT = "openai_chat"
    OPENAI_COMPLETIONS = "openai_completions"
    OPENAI_IMAGES = "openai_images"
    ARK_IMAGES = "ark_images"
    LOCAL_EDIT = "local_edit"
    LOCAL_POSTER = "local_poster"
    SILICONFLOW_IMAGES = "siliconflow_images"
    RECRAFT_TOOLS = "recraft_tools"
    OPENAI_EMBEDDINGS = "openai_embeddings"
    OPENAI_MODERATIONS = "openai_moderations"
    JINA_RERANK = "jina_rerank"
    COHERE_RERANK = "cohere_rerank"
    DASHSCOPE_RERANK = "dashscope_rerank"
    VIKING_RERANK = "viking_rerank"
    OPENAI_SPEECH = "openai_speech"
    FISH_SPEECH = "fish_speech"
    ELEVENLABS_SPEECH = "elevenlabs_speech"
    OPENAI_TRANSCRIPTS = "openai_transcripts"
    ELEVENLABS_TRANSCRIPTS = "elevenlabs_transcripts"
    LOCAL_DOCUMENTS = "local_documents"
    TEXTIN_DOCUMENTS = "textin_documents"


class Relayed(msgspec.Struct, frozen=True):
    """How an operation is relayed: its own wire form, and the path after a provider's base URL."""

    dialect: Dialect
    path: str


RELAYED: dict[Operation, Relayed] = {
    Operation.CHAT: Relayed(Dialect.OPENAI_CHAT, "/chat/completions"),
    Operation.COMPLETE: Relayed(Dialect.OPENAI_COMPLETIONS, "/completions"),
    Operation.EMBED: Relayed(Dialect.OPENAI_EMBEDDINGS, "/embeddings"),
    Operation.MODERATE: Relayed(Dialect.OPENAI_MODERATIONS, "/moderations"),
}


OPENAI_COMPATIBLE: dict[Operation, Dialect] = {
    Operation.CHAT: Dialect.OPENAI_CHAT,
    Operation.COMPLETE: Dialect.OPENAI_COMPLETIONS,
    Operation.EMBED: Dialect.OPENAI_EMBEDDINGS,
    Operation.RERANK: Dialect.JINA_RERANK,
    Operation.MODERATE: Dialect.OPENAI_MODERATIONS,
    Operation.SPEECH: Dialect.OPENAI_SPEECH,
    Operation.TRANSCRIBE: Dialect.OPENAI_TRANSCRIPTS,
    Operation.TRANSLATE: Dialect.OPENAI_TRANSCRIPTS,
    Operation.IMAGE_GENERATE: Dialect.OPENAI_IMAGES,
    Operation.IMAGE_EDIT: Dialect.OPENAI_IMAGES,
    Operation.IMAGE_VARY: Dialect.OPENAI_IMAGES,
}
"""What a server that calls itself OpenAI-compatible speaks for each operation. Reranking has no form of OpenAI's: such
servers (vLLM, llama.cpp, Xinference) took Jina's."""


class Origin(msgspec.Struct, frozen=True, cache_hash=True):
    """One place to connect to.

    ``scheme`` is ``http``, ``https`` or ``unix``. For ``unix``, ``host`` is the socket's path and ``port`` is 0.
    ``address`` pins the checked IP address (the safe fetcher); SNI and Host still use ``host``.
    ``proxy`` is an ``http://[user:password@]host:port`` address or empty.
    """

    scheme: str
    host: str
    port: int
    address: str = ""
    proxy: str = ""


class PublicModel(msgspec.Struct, frozen=True):
    """A name of ours for one of a provider's models, known as soon as the provider is attached."""

    model: str
    upstream_model: str
    operations: tuple[Operation, ...]


class Provider(msgspec.Struct, frozen=True):
    """Address, auth and what is spoken: a row of ``catalog.toml`` or a folder of its own.

    ``base_url`` ends without a slash and includes the version segment (``https://api.openai.com/v1``).
    ``models`` are glob patterns of upstream names this provider is known to answer without a prefix.
    ``auth`` is ``bearer``, ``x-api-key``, ``api-key``, ``xi-api-key`` or ``none``.
    ``quirks`` are names of small envelope edits (``openhearth.providers.quirks``); ``image_quirks`` those of picture
    requests (``openhearth.dialects.openai_images.quirks``).
    """

    name: str
    title: str
    base_url: str
    env_key: str = ""
    speaks: dict[Operation, Dialect] = {}
    models: tuple[str, ...] = ()
    auth: str = "bearer"
    quirks: tuple[str, ...] = ()
    image_quirks: tuple[str, ...] = ()
    public_models: tuple[PublicModel, ...] = ()


class TargetLimits(msgspec.Struct, frozen=True):
    """Bounds on one target; 0 is none. ``concurrency`` is the most open calls; ``rpm`` and ``tpm`` are what is sent to
    it in any minute, in calls and tokens; ``first_token_s`` is how long a stream may take to begin."""

    concurrency: int = 0
    rpm: int = 0
    tpm: int = 0
    first_token_s: float = 0.0

    @property
    def may_be_full(self) -> bool:
        """Whether calls may have to wait for a place there."""
        return bool(self.concurrency or self.rpm or self.tpm)


UNBOUNDED = TargetLimits()


class Target(msgspec.Struct, frozen=True):
    """Provider + credential + upstream model: one place a call can go.

    ``model`` is the public name (``*`` with patterns of the provider: any name it is known for, or ``provider/name``).
    ``upstream_model`` is empty when the public name is sent as it is. ``secret`` is clear here and nowhere else:
    its ``repr`` is redacted and it is never encoded. ``engine`` names the embedded engine behind a unix origin.
    ``fallback`` is the model it answers as in place of the one asked for, empty for the usual case. ``watched``: a call
    must be let in by the router before it goes there.
    """

    id: str
    provider: Provider
    origin: Origin
    base_path: str
    model: str
    upstream_model: str = ""
    secret: "Secret | None" = None
    weight: int = 1
    priority: int = 0
    price: Price = FREE
    engine: str = ""
    limits: TargetLimits = UNBOUNDED
    fallback: str = ""
    watched: bool = False

    def speaks(self, operation: Operation) -> Dialect | None:
        """The dialect for ``operation``, or ``None`` when this target does not answer it."""
        return self.provider.speaks.get(operation)


class Secret:
    """A credential that cannot be printed by accident."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def out_of(self, said: bytes) -> bytes:
        """What somebody said who knows the credential, without it."""
        value = self._value.encode()
        return said.replace(value, b"***") if value else said

    @override
    def __repr__(self) -> str:
        return "Secret(…)"

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    @override
    def __hash__(self) -> int:
        return hash(self._value)
