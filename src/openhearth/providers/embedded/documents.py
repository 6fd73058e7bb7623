"""Drives the embedded reader of documents over its private socket; a reading stops as soon as the caller leaves."""

import msgspec

from openhearth.core.documents import DocumentRequest, Reading
from openhearth.core.errors import UpstreamGarbled
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Provider, Target
from openhearth.engines.ports import EngineHost
from openhearth.providers.refusal import refusal
from openhearth.transport.collect import collect
from openhearth.transport.post import outgoing, retry_after_s
from openhearth.transport.wire import Client, Deadlines

READ = Provider(
    name="embedded-read",
    title="Embedded document reader",
    base_url="unix:",
    speaks={Operation.READ_DOCUMENT: Dialect.LOCAL_DOCUMENTS},
    auth="none",
)

_MOST_ANSWER_BYTES = 512 * 1024 * 1024
_ENCODER = msgspec.msgpack.Encoder()
_READING = msgspec.msgpack.Decoder(Reading)


class LocalReadDriver:
    """``core.documents.DocumentDriver`` for ``Dialect.LOCAL_DOCUMENTS``."""

    def __init__(self, client: Client, engines: EngineHost, deadlines: Deadlines) -> None:
        self._client = client
        self._engines = engines
        self._deadlines = deadlines

    async def read(self, target: Target, request: DocumentRequest) -> Reading:
        """See ``DocumentDriver``. Raises RequestError for what the reader refuses, with its own code."""
        if target.engine and not self._engines.ready(target.engine):
            await self._engines.ensure(target.engine)
        call = outgoing(target, "/read", "application/msgpack", _ENCODER.encode(request), self._deadlines)
        answer = await collect(self._client, call, most_bytes=_MOST_ANSWER_BYTES)
        if answer.status != 200:
            raise refusal(answer.status, answer.body, target, retry_after_s(answer.headers))
        try:
            return _READING.decode(answer.body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UpstreamGarbled(f"{target.id} sent an answer we cannot read.", target=target.id) from error
