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
    speaks={Operation.IMAGE_EDIT: Dialect.LOCAL_EDIT},
    auth="none",
)
