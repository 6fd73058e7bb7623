"""What the embedded engines speak. They need no credential: their sockets are private to this user."""

from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Provider

CHAT = Provider(
    name="embedded-chat",
    title="Embedded chat",
    base_url="unix:/v1",
    speaks={Operation.CHAT: Dialect.OPENAI_CHAT, Operation.COMPLETE: Dialect.OPENAI_COMPLETIONS},
    auth="none",
)

EDIT = Provider(
    name="embedded-edit",
    title="Embedded picture editor",
    base_url="unix:",
    speaks={
        Operation.IMAGE_EDIT: Dialect.LOCAL_EDIT,
        Operation.IMAGE_VARY: Dialect.LOCAL_EDIT,
        Operation.IMAGE_TOOL: Dialect.LOCAL_EDIT,
    },
    auth="none",
)

POSTER = Provider(
    name="embedded-poster",
    title="Embedded poster engine",
    base_url="unix:/v1",
    speaks={Operation.IMAGE_GENERATE: Dialect.LOCAL_POSTER},
    auth="none",
)

EMBED = Provider(
    name="embedded-embed",
    title="Embedded sentence encoder",
    base_url="unix:/v1",
    speaks={Operation.EMBED: Dialect.OPENAI_EMBEDDINGS},
    auth="none",
)

RERANK = Provider(
    name="embedded-rerank",
    title="Embedded reranker",
    base_url="unix:/v1",
    speaks={Operation.RERANK: Dialect.JINA_RERANK},
    auth="none",
)

MODERATE = Provider(
    name="embedded-moderate",
    title="Embedded moderation",
    base_url="unix:/v1",
    speaks={Operation.MODERATE: Dialect.OPENAI_MODERATIONS},
    auth="none",
)

TRANSCRIBE = Provider(
    name="embedded-transcribe",
    title="Embedded Whisper",
    base_url="unix:/v1",
    speaks={
        Operation.TRANSCRIBE: Dialect.OPENAI_TRANSCRIPTS,
        Operation.TRANSLATE: Dialect.OPENAI_TRANSCRIPTS,
    },
    auth="none",
)

SPEAK = Provider(
    name="embedded-speak",
    title="Embedded voices",
    base_url="unix:/v1",
    speaks={Operation.SPEECH: Dialect.OPENAI_SPEECH},
    auth="none",
)
