"""Drives Textin: the file as it is in the body, options in the query, one answer."""

from openhearth.config import ConfigError
from openhearth.core.documents import DocumentRequest, Reading
from openhearth.core.errors import UpstreamBusy, UpstreamDown, UpstreamRefusedUs, UpstreamRejected
from openhearth.core.provider import Target
from openhearth.dialects.textin.upstream import PATHS, query_of, read
from openhearth.transport.collect import collect
from openhearth.transport.post import outgoing, retry_after_s
from openhearth.transport.wire import Answer, Client, Deadlines

_MOST_ANSWER_BYTES = 256 * 1024 * 1024
_BINARY = "application/octet-stream"


class TextinDriver:
    """``core.documents.DocumentDriver`` for ``Dialect.TEXTIN_DOCUMENTS``."""

    def __init__(self, client: Client, deadlines: Deadlines) -> None:
        self._client = client
        self._deadlines = deadlines

    async def read(self, target: Target, request: DocumentRequest) -> Reading:
        """See ``DocumentDriver``."""
        body = await self.relay(target, PATHS[request.service] + query_of(request), request.document.data)
        return read(body, request, target.id)

    async def relay(self, target: Target, path: str, data: bytes) -> bytes:
        """The answer to ``data`` at ``path`` (with its query) as it came, of status 200. Raises UpstreamErrors."""
        try:
            call = outgoing(target, path, _BINARY, data, self._deadlines)
        except ConfigError as error:
            raise UpstreamRefusedUs(f"{target.id}: {error}", target=target.id) from error
        answer = await collect(self._client, call, most_bytes=_MOST_ANSWER_BYTES)
        if answer.status != 200:
            raise _refusal(answer, target.id)
        return answer.body


def _refusal(answer: Answer, name: str) -> Exception:
    status = answer.status
    if status in (401, 402, 403):
        return UpstreamRefusedUs(f"{name} refused our credential ({status}).", target=name, upstream_status=status)
    if status == 429:
        wait_s = retry_after_s(answer.headers) or 1.0
        return UpstreamBusy(f"{name} is busy.", target=name, upstream_status=status, retry_after_s=wait_s)
    if 400 <= status < 500:
        return UpstreamRejected(
            f"{name} refused the request ({status}).", target=name, upstream_status=status, body=answer.body
        )
    return UpstreamDown(f"{name} answered {status}.", target=name, upstream_status=status)
