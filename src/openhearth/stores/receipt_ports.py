"""What is kept of an answer so that a receipt can say what was sent and received, without keeping either."""

from typing import Protocol

import msgspec


class DigestRecord(msgspec.Struct, frozen=True):
    """SHA-256 (hex) and size of a call's request body and of its answer's body, as the client sent and got them.

    ``answer_complete`` is False when the answer ended early, as when the client left. ``status`` is the answer's HTTP
    status, ``model_returned`` the model id that the answer names (empty for none).
    """

    call_id: str
    request_sha256: str
    request_bytes: int
    answer_sha256: str
    answer_bytes: int
    answer_complete: bool
    status: int
    model_returned: str
    created_at: float


class DigestRecords(Protocol):
    async def add_digests(self, digests: DigestRecord) -> None:
        """Keep them, durably; those that a call has already stay as they are."""

    async def digests(self, call_id: str) -> DigestRecord | None: ...
